/** Writes the pages of docs/protocol that are made from tables of the source. tests/repo holds the two together. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { protocolDocs } from './docs/protocol-docs.ts';

for (const [path, content] of protocolDocs()) writeFileSync(join(import.meta.dirname, '..', path), content);
