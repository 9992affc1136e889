/**
 * The API of a daemon whose VMs are fake, and a control plane before it, as a process of its own: what ends it or makes it
 * hang cannot be mistaken for a fault of the test. Prints where it listens as one line of JSON; ends with its standard input.
 */
import { createAgent } from '@innkeeper/agent-core';
import { FakeHost, realClock } from '@innkeeper/agent-core/fake';
import { type Log, silentLog } from '@innkeeper/kit';
import { httpCall } from '../../../apps/innkeeper/src/api/testing/http-call.ts';
import { serveApi } from '../../../apps/innkeeper/src/api/testing/serve-api.ts';
import { listenForControl, serveRelay } from '../../../apps/innkeeper/src/relay/testing/serve-relay.ts';

/** What a fuzz daemon prints when it is ready. */
export interface FuzzDaemonAddress {
  readonly socketPath: string;
  readonly tcpPort: number;
  readonly relayPort: number;
  /** Of the administrator, with every privilege. */
  readonly token: string;
}

const log: Log = {
  ...silentLog,
  error: (event, fields) => process.stderr.write(`${event} ${JSON.stringify(fields)}\n`),
  with: () => log,
};
const clock = realClock({
  setTimeout: (callback, delayMs) => setTimeout(callback, delayMs).unref(),
  clearTimeout: (timer) => clearTimeout(timer as NodeJS.Timeout),
});
const guest = new FakeHost({ clock });
guest.files.put('/etc/hostname', 'one\n');
guest.files.put('/d/a', 'content');
const agent = createAgent(guest, silentLog);

const api = await serveApi({
  log,
  startAgent: (channel, { signal }) => void agent.serveChannel(channel, 'native', signal).catch(() => undefined),
});
await api.access.users.createFirst();
await listenForControl(api);
const relay = await serveRelay(api, { log });
const { secret } = await tokenOf(api.socketPath);
const address: FuzzDaemonAddress = {
  socketPath: api.socketPath,
  tcpPort: Number(new URL(await api.listenTcp()).port),
  relayPort: Number(new URL(relay.base).port),
  token: secret,
};
process.stdout.write(`${JSON.stringify(address)}\n`);
process.stdin.resume().once('end', () => {
  void relay[Symbol.asyncDispose]().then(() => api[Symbol.asyncDispose]());
});

async function tokenOf(socketPath: string): Promise<{ readonly secret: string }> {
  const { body } = await httpCall(socketPath, 'POST', '/innkeeper.control.v1.AccessService/CreateToken', {
    body: JSON.stringify({ name: 'fuzz', privileges: ['*'] }),
    headers: { 'content-type': 'application/json' },
  });
  return JSON.parse(body.toString()) as { secret: string };
}
