import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { bytesOf, textOf } from '../parser.ts';

const folder = join(import.meta.dirname, '..', 'corpus');

function pathOf(name: string): string {
  return join(folder, `${name}.txt`);
}

/** The kept inputs of a parser: one a line, as a JSON string, or in base64 if it is not text. */
export function readCorpus(name: string): Uint8Array[] {
  if (!existsSync(pathOf(name))) return [];
  const lines = readFileSync(pathOf(name), 'utf8').split('\n');
  return lines.filter((line) => line !== '').map(decodeLine);
}

export function writeCorpus(name: string, inputs: readonly Uint8Array[]): void {
  mkdirSync(folder, { recursive: true });
  writeFileSync(pathOf(name), inputs.map((bytes) => `${encodeLine(bytes)}\n`).join(''));
}

/** A line of a corpus, also as an argument of a command. */
export function decodeLine(line: string): Uint8Array {
  return line.startsWith('"') ? bytesOf(JSON.parse(line) as string) : new Uint8Array(Buffer.from(line, 'base64'));
}

export function encodeLine(bytes: Uint8Array): string {
  const quoted = JSON.stringify(textOf(bytes));
  const base64 = Buffer.from(bytes).toString('base64');
  const isText = Buffer.from(bytesOf(textOf(bytes))).equals(bytes) && quoted.length <= base64.length + 4;
  return isText ? quoted : base64;
}
