import { detectNative } from '@innkeeper/wire';
import type { Dialect } from '../serving/dialect.ts';
import { serveNative } from './native/serve-native.ts';

/** What Innkeeper's own nodes speak: docs/protocol/native.md. */
export const native: Dialect = {
  name: 'native',
  detects: detectNative,
  serve: (channel, table, context) => serveNative({ channel, table, context }),
};
