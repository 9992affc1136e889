import { detectQga } from '@innkeeper/wire';
import type { Dialect } from '../serving/dialect.ts';

/** All commands, by their names. */
export async function qgaCommandNames(): Promise<readonly string[]> {
  return (await import('./qga/command-names.ts')).commandNames;
}

/** The dialect of QEMU's guest agent: docs/protocol/qga.md. */
export const qga: Dialect = {
  name: 'qga',
  detects: detectQga,
  serve: async (channel, table, context) => {
    // Only guests of hosts that speak it need it.
    const { serveQga } = await import('./qga/serve-qga.ts');
    return await serveQga(channel, table, context);
  },
};
