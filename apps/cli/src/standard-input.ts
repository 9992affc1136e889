import { fstatSync } from 'node:fs';

/** Our standard input, to its end. Node takes a folder for an empty input: that is an error here, as for every other program. */
export async function* standardInput(): AsyncGenerator<Buffer, void, undefined> {
  if (fstatSync(0).isDirectory())
    throw Object.assign(new Error('EISDIR: standard input is a folder'), { code: 'EISDIR' });
  yield* process.stdin as AsyncIterable<Buffer>;
}
