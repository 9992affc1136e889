/** For an option that may be given again: commander calls it with each value and what there is already. */
export function collect(value: string, earlier: readonly string[] = []): readonly string[] {
  return [...earlier, value];
}
