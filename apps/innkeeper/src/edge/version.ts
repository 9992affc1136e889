import { createRequire } from 'node:module';

/** Of this program. */
export const version: string = createRequire(import.meta.url)('../../package.json').version;
