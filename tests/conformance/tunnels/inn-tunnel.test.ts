import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { after, before, describe, it } from 'node:test';
import { resultOf, runInn, spawnInn } from '../../../apps/cli/src/testing/run-inn.ts';
import type { ServedApi } from '../../../apps/innkeeper/src/api/testing/serve-api.ts';
import { Program, serveConnected, unusedPort } from './serve-connected.ts';

describe('inn tunnel', () => {
  let api: ServedApi;
  before(async () => {
    api = await serveConnected();
  });
  after(() => api[Symbol.asyncDispose]());

  it('inn tunnel passes standard input to a port of the guest, its end too, and prints what comes back', async () => {
    await using program = await Program.start((socket) => {
      let text = '';
      socket.on('data', (data) => (text += data));
      socket.on('end', () => socket.end(text.toUpperCase()));
    });
    const result = await runInn(api.socketPath, ['tunnel', 'one', `${program.port}`], { input: 'abc' });
    assert.deepEqual(result, { exitCode: 0, stdout: 'ABC', stderr: '' });
  });

  it('inn tunnel ends when the program ends, although its input is still open', async () => {
    await using program = await Program.start((socket) => void socket.once('data', () => socket.end('bye')));
    const child = spawnInn(api.socketPath, ['tunnel', 'one', `${program.port}`]);
    child.stdin.write('hello');
    assert.deepEqual(await resultOf(child), { exitCode: 0, stdout: 'bye', stderr: '' });
  });

  it('inn tunnel carries 8 MiB both ways unchanged', async () => {
    await using program = await Program.start((socket) => void socket.pipe(socket));
    const child = spawnInn(api.socketPath, ['tunnel', 'one', `${program.port}`]);
    const input = randomBytes(8 * 1024 * 1024);
    child.stdin.end(input);
    const hash = createHash('sha256');
    child.stdout.on('data', (data: Buffer) => hash.update(data));
    assert.deepEqual(await once(child, 'close'), [0, null]);
    assert.equal(hash.digest('hex'), createHash('sha256').update(input).digest('hex'));
  });

  it('inn tunnel says why there is no connection', async () => {
    const refused = await runInn(api.socketPath, ['tunnel', 'one', `${await unusedPort()}`]);
    assert.equal(refused.exitCode, 1);
    assert.match(refused.stderr, /TUNNEL_REFUSED|Nothing accepts connections/);
    assert.match((await runInn(api.socketPath, ['tunnel', 'one', '/none'])).stderr, /\/none/);
    const unknown = await runInn(api.socketPath, ['tunnel', 'nobody', '80']);
    assert.match(unknown.stderr, /nobody/);
    for (const words of [
      ['one', 'ssh'],
      ['one', '0'],
      ['one', '/s', '--address', '127.0.0.1'],
    ])
      assert.equal((await runInn(api.socketPath, ['tunnel', ...words])).exitCode, 2, words.join(' '));
  });

  it('a program that breaks off fails inn tunnel', async () => {
    await using program = await Program.start((socket) => void socket.once('data', () => socket.resetAndDestroy()));
    const child = spawnInn(api.socketPath, ['tunnel', 'one', `${program.port}`]);
    child.stdin.write('x');
    const { exitCode, stderr } = await resultOf(child);
    assert.equal(exitCode, 1);
    assert.match(stderr, /broke the connection off/);
  });
});
