import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { errorDocs } from './error-docs.ts';
import { limitDocs } from './limit-docs.ts';
import { methodDocs } from './method-docs.ts';
import { withMade } from './table.ts';

const root = join(import.meta.dirname, '..', '..');

/** Every page that is generated from the source, wholly or partly: its path and expected content. */
export function protocolDocs(): ReadonlyMap<string, string> {
  const native = 'docs/protocol/native.md';
  return new Map([
    ['docs/protocol/errors.md', errorDocs()],
    ['docs/protocol/methods.md', methodDocs()],
    [native, withMade(readFileSync(join(root, native), 'utf8'), limitDocs())],
  ]);
}
