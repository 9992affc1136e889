import { detectAgentMessage } from '@innkeeper/wire';
import type { Dialect } from '../serving/dialect.ts';
import { serveAgentMessage } from './agent-message/serve-agent-message.ts';

/** The dialect of the second reference system's hosts: docs/protocol/agent-message.md. */
export const agentMessage: Dialect = {
  name: 'agent-message',
  detects: detectAgentMessage,
  serve: (channel, table, { host, log, firstBytes, signal }) => {
    const { clock, bytes } = host;
    const form = channel.name.includes('org.quantix') ? 'magic' : 'plain';
    return serveAgentMessage({ channel, dispatcher: table, clock, bytes, log, form, firstBytes, signal });
  },
};
