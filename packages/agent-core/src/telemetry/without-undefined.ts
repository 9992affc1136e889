/** An object without its undefined entries: exactOptionalPropertyTypes distinguishes absent from undefined. */
export function withoutUndefined<T extends object>(object: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  const given = object as Record<string, unknown>;
  const kept: Record<string, unknown> = {};
  for (const name in given) if (given[name] !== undefined) kept[name] = given[name];
  return kept as never;
}
