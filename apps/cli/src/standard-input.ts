import { fstatSync } from 'node:fs';

/** Standard input until it ends. Node reads a folder as an empty input; here it is an EISDIR error, as in other programs. */
export async function* standardInput(): AsyncGenerator<Buffer, void, undefined> {
  if (fstatSync(0).isDirectory())
    throw Object.assign(new Error('EISDIR: standard input is a folder'), { code: 'EISDIR' });
  yield* process.stdin as AsyncIterable<Buffer>;
}
