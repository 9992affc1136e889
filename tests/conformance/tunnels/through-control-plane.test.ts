import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:net';
import { createInterface } from 'node:readline';
import { after, before, describe, it } from 'node:test';
import { createClient } from '@innkeeper/client';
import { runInn, spawnInn } from '../../../apps/cli/src/testing/run-inn.ts';
import type { ServedApi } from '../../../apps/innkeeper/src/api/testing/serve-api.ts';
import {
  listenForControl,
  type ServedRelay,
  serveRelay,
} from '../../../apps/innkeeper/src/relay/testing/serve-relay.ts';
import { Program, serveConnected, unusedPort } from './serve-connected.ts';

const mib = 1024 * 1024;
const hashOf = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

describe('tunnels through a control plane of its own', () => {
  let api: ServedApi;
  let relay: ServedRelay;
  /** For `inn`, which knows the control plane alone. */
  let environment: Record<string, string>;
  before(async () => {
    api = await serveConnected();
    await listenForControl(api);
    relay = await serveRelay(api);
    const local = createClient({ socketPath: api.socketPath });
    const { secret } = await local.access.createToken({ name: 'test', privileges: ['*'] });
    environment = { INNKEEPER_SOCKET: '', INNKEEPER_URL: relay.base, INNKEEPER_TOKEN: secret };
  });
  after(async () => {
    await relay?.[Symbol.asyncDispose]();
    await api?.[Symbol.asyncDispose]();
  });

  it('inn tunnel carries 8 MiB both ways unchanged, with the end of each, and says why there is no connection', async () => {
    await using program = await Program.start((socket) => void socket.pipe(socket));
    const child = spawnInn('', ['tunnel', 'one', `${program.port}`], environment);
    const input = randomBytes(8 * mib);
    child.stdin.end(input);
    const hash = createHash('sha256');
    child.stdout.on('data', (data: Buffer) => hash.update(data));
    assert.deepEqual(await once(child, 'close'), [0, null]);
    assert.equal(hash.digest('hex'), hashOf(input));
    const refused = await runInn('', ['tunnel', 'one', `${await unusedPort()}`], { environment });
    assert.equal(refused.exitCode, 1);
    assert.match(refused.stderr, /Nothing accepts connections/);
  });

  it('inn forward carries many connections at once, and works again after a restart of the node', async () => {
    await using program = await Program.start((socket) => void socket.pipe(socket));
    const child = spawnInn('', ['forward', 'one', `0:${program.port}`], environment);
    try {
      const [line] = (await once(createInterface(child.stdout), 'line')) as [string];
      const port = Number(/^127\.0\.0\.1:(\d+) -> /.exec(line)?.[1]);
      const inputs = Array.from({ length: 20 }, (_, at) => randomBytes(20_000 * (at + 1)));
      const outputs = await Promise.all(inputs.map((input) => ask(port, input)));
      assert.deepEqual(outputs.map(hashOf), inputs.map(hashOf));
      await api.restartServer();
      await listenForControl(api);
      assert.equal(`${await ask(port, Buffer.from('after'))}`, 'after');
    } finally {
      child.kill('SIGINT');
      await once(child, 'exit');
    }
  });
});

/** Sends bytes and their end on a connection; resolves to what came back. */
async function ask(port: number, input: Uint8Array): Promise<Buffer> {
  const socket = connect({ host: '127.0.0.1', port, allowHalfOpen: true });
  socket.end(input);
  return Buffer.concat(await socket.toArray());
}
