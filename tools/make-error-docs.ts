/** Writes docs/protocol/errors.md from the registry. tests/repo holds the two together. */
import { writeFileSync } from 'node:fs';
import { errorDocs } from './error-docs.ts';

writeFileSync(new URL('../docs/protocol/errors.md', import.meta.url), errorDocs());
