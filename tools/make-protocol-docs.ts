/** Writes the pages of docs/protocol that are generated from the source. A test in tests/repo checks that they match. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { protocolDocs } from './docs/protocol-docs.ts';

for (const [path, content] of protocolDocs()) writeFileSync(join(import.meta.dirname, '..', path), content);
