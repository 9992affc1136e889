import { detectJsonFrames } from '@innkeeper/wire';
import type { Dialect } from '../serving/dialect.ts';

/** The dialect of hosts of microVMs that send JSON: docs/protocol/json-frames.md. */
export const jsonFrames: Dialect = {
  name: 'json-frames',
  detects: detectJsonFrames,
  serve: async (channel, table, { host, firstBytes, signal }) => {
    const { serveJsonFrames } = await import('./json-frames/serve-json-frames.ts');
    return await serveJsonFrames({ channel, dispatcher: table, host, firstBytes, signal });
  },
};
