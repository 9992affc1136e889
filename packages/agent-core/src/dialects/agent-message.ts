import { detectAgentMessage, type HeaderForm } from '@innkeeper/wire';
import type { Dialect } from '../serving/dialect.ts';

/** The dialect of the second reference system's hosts: docs/protocol/agent-message.md. */
export const agentMessage: Dialect = {
  name: 'agent-message',
  detects: detectAgentMessage,
  serve: async (channel, table, { host, log, config, firstBytes, signal }) => {
    const { clock, bytes } = host;
    const form: HeaderForm = channel.name.includes('org.quantix') ? 'magic' : 'plain';
    // Most guests never need it.
    const { serveAgentMessage } = await import('./agent-message/serve-agent-message.ts');
    const { Spool } = await import('../file/spool.ts');
    const createSpool = () => new Spool(host);
    const session = { channel, dispatcher: table, clock, bytes, createSpool, log, config, form, firstBytes, signal };
    return await serveAgentMessage(session);
  },
};
