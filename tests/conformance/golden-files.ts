import { globSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';

export interface GoldenFile {
  readonly name: string;
  readonly about: string;
  /** The message as protobuf JSON. */
  readonly json: Record<string, unknown>;
  /** Recorded bytes by the name of their header: `plain` and `magic`, or `frame`. */
  readonly bytes: Readonly<Record<string, Uint8Array>>;
}

const root = join(import.meta.dirname, '../../proto/golden');

/** Reads the files of a folder of proto/golden. */
export function goldenFiles(folder: string): GoldenFile[] {
  return globSync(join(root, folder, '*.hex'))
    .sort()
    .map((path) => parse(basename(path, '.hex'), readFileSync(path, 'utf8')));
}

/** Comments, of which the second is the JSON; then names, each with indented lines of hex. */
function parse(name: string, text: string): GoldenFile {
  const lines = text.trimEnd().split('\n');
  const comments = lines.filter((line) => line.startsWith('#')).map((line) => line.slice(2));
  const hex: Record<string, string> = {};
  let row = '';
  for (const line of lines.filter((line) => !line.startsWith('#'))) {
    if (line.startsWith(' ')) hex[row] += line.trim();
    else {
      row = line;
      hex[row] = '';
    }
  }
  const bytes = Object.fromEntries(
    Object.entries(hex).map(([key, value]) => [key, new Uint8Array(Buffer.from(value, 'hex'))]),
  );
  return { name, about: comments[0] ?? '', json: JSON.parse(comments[1] ?? '{}'), bytes };
}
