import { Option } from 'commander';

/** An option of a command, typed by its flags: `--detach-key <key>` is `detachKey`. */
export interface DeclaredOption<Name extends string = string, Value = unknown> {
  readonly name: Name;
  readonly option: Option;
  /** The value if the option is neither given nor has a default. Its type is the type of the option's values. */
  readonly absent: Value;
}

/** The values of declared options, by name. */
export type OptionsOf<Declared extends readonly DeclaredOption[]> = {
  readonly [Each in Declared[number] as Each['name']]: Each['absent'];
};

type FirstWord<Text extends string> = Text extends `${infer First} ${string}` ? First : Text;
type CamelCase<Text extends string> = Text extends `${infer First}-${infer Rest}`
  ? `${First}${Capitalize<CamelCase<Rest>>}`
  : Text;
type NameOf<Flags extends string> = Flags extends `${string}--no-${infer Long}`
  ? CamelCase<FirstWord<Long>>
  : Flags extends `${string}--${infer Long}`
    ? CamelCase<FirstWord<Long>>
    : never;

function declare<Flags extends string, Value>(option: Option, absent: Value): DeclaredOption<NameOf<Flags>, Value> {
  return { name: option.attributeName() as NameOf<Flags>, option, absent };
}

/** An option without a value, such as `--force`: true if it is given. `--no-headers` is `headers`, false if it is given. */
export function flag<Flags extends string>(flags: Flags, description: string): DeclaredOption<NameOf<Flags>, boolean> {
  const option = new Option(flags, description);
  return declare<Flags, boolean>(option, option.negate);
}

/** A flag whose handler has to know whether it was given at all; usually declared with its `--no-…` form. */
export function optionalFlag<Flags extends string>(
  flags: Flags,
  description: string,
): DeclaredOption<NameOf<Flags>, boolean | undefined> {
  return declare<Flags, boolean | undefined>(new Option(flags, description), undefined);
}

/** An option with a value, such as `--name <name>`. */
export function text<Flags extends string>(
  flags: Flags,
  description: string,
): DeclaredOption<NameOf<Flags>, string | undefined>;
export function text<Flags extends string>(
  flags: Flags,
  description: string,
  byDefault: string,
): DeclaredOption<NameOf<Flags>, string>;
export function text<Flags extends string>(
  flags: Flags,
  description: string,
  byDefault?: string,
): DeclaredOption<NameOf<Flags>, string | undefined> {
  return declare<Flags, string | undefined>(new Option(flags, description).default(byDefault), byDefault);
}

/** An option that must be given. */
export function requiredText<Flags extends string>(
  flags: Flags,
  description: string,
): DeclaredOption<NameOf<Flags>, string> {
  return declare<Flags, string>(new Option(flags, description).makeOptionMandatory(), '');
}

/** An option whose value is one of a few words. */
export function choice<Flags extends string, const Word extends string>(
  flags: Flags,
  description: string,
  words: readonly Word[],
): DeclaredOption<NameOf<Flags>, Word | undefined>;
export function choice<Flags extends string, const Word extends string>(
  flags: Flags,
  description: string,
  words: readonly Word[],
  byDefault: NoInfer<Word>,
): DeclaredOption<NameOf<Flags>, Word>;
export function choice<Flags extends string, const Word extends string>(
  flags: Flags,
  description: string,
  words: readonly Word[],
  byDefault?: Word,
): DeclaredOption<NameOf<Flags>, Word | undefined> {
  const option = new Option(flags, description).choices(words).default(byDefault);
  return declare<Flags, Word | undefined>(option, byDefault);
}

/** An option that may be repeated: all its values, in order. */
export function list<Flags extends string>(
  flags: Flags,
  description: string,
): DeclaredOption<NameOf<Flags>, readonly string[]> {
  const option = new Option(flags, description).argParser<readonly string[]>((value, earlier) => [
    ...(earlier ?? []),
    value,
  ]);
  return declare<Flags, readonly string[]>(option, []);
}

/** The same option, with an environment variable that sets it if the command line does not. */
export function orVariable<Declared extends DeclaredOption>(declared: Declared, variable: string): Declared {
  declared.option.env(variable);
  return declared;
}

/** The values of declared options among those that commander has parsed. */
export function valuesOf<Declared extends readonly DeclaredOption[]>(
  declared: Declared,
  parsed: Readonly<Record<string, unknown>>,
): OptionsOf<Declared> {
  const values: Record<string, unknown> = {};
  for (const { name, absent } of declared) values[name] = parsed[name] ?? absent;
  return values as OptionsOf<Declared>;
}

export type OutputFormat = 'table' | 'wide' | 'json' | 'yaml' | 'name' | 'csv';

/** For commands that print a list or an object. */
export const outputOptions = [
  choice('-o, --output <format>', 'output format', ['table', 'wide', 'json', 'yaml', 'name', 'csv'], 'table'),
  text('--columns <titles>', 'columns of a list to print, such as name,state'),
  flag('--no-headers', 'print tables without the header line'),
] as const;

/** For commands whose output has no columns. */
export const dataOutput = choice('-o, --output <format>', 'output format', ['table', 'json', 'yaml'], 'table');
