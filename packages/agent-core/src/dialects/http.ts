import { detectHttp } from '@innkeeper/wire';
import type { Dialect } from '../serving/dialect.ts';

/** HTTP/1.1 for pollers of metrics: docs/protocol/agent-http.md. */
export const http: Dialect = {
  name: 'http',
  detects: detectHttp,
  serve: async (channel, table, { host, config, firstBytes, signal }) => {
    const { serveHttp } = await import('./http/serve-http.ts');
    // On vsock and unix sockets the peer is the host, which the policy limits; on TCP it can be anybody.
    const mayConfigure = !channel.name.startsWith('tcp:') || config?.httpConfigureInterface === true;
    return await serveHttp({ channel, dispatcher: table, host, mayConfigure, firstBytes, signal });
  },
};
