import type { Parser, ParserGroup } from './parser.ts';

/**
 * The files with the parsers of each group. They are loaded late, so that their branches are counted. To fuzz another
 * parser, add an entry to one of them.
 */
const files: Readonly<Record<ParserGroup, string>> = {
  wire: './parsers/wire.ts',
  'guest-texts': './parsers/guest-texts.ts',
  archives: './parsers/archives.ts',
  host: './parsers/host.ts',
};

export const parserGroups = Object.keys(files) as readonly ParserGroup[];

/** The address of the file with a group's parsers. */
export function moduleOf(group: ParserGroup): string {
  return new URL(files[group], import.meta.url).href;
}

export async function parsersOf(group: ParserGroup): Promise<readonly Parser[]> {
  return await loadParsers(moduleOf(group));
}

/** Every parser that is fuzzed. */
export async function allParsers(): Promise<readonly Parser[]> {
  return (await Promise.all(parserGroups.map(parsersOf))).flat();
}

/** The parsers of a file. */
export async function loadParsers(module: string): Promise<readonly Parser[]> {
  const { parsers } = (await import(module)) as { readonly parsers: readonly Parser[] };
  return parsers;
}
