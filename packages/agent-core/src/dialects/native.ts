import { detectNative } from '@innkeeper/wire';
import type { Dialect } from '../serving/dialect.ts';
import { serveNative } from './native/serve-native.ts';

/** The dialect of Innkeeper's nodes: docs/protocol/native.md. */
export const native: Dialect = {
  name: 'native',
  detects: detectNative,
  serve: (channel, table, context) => serveNative({ channel, table, context }),
};
