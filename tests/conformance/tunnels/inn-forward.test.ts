import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:net';
import { createInterface } from 'node:readline';
import { after, before, describe, it } from 'node:test';
import { runInn, spawnInn } from '../../../apps/cli/src/testing/run-inn.ts';
import type { ServedApi } from '../../../apps/innkeeper/src/api/testing/serve-api.ts';
import { Program, serveConnected, unusedPort } from './serve-connected.ts';

/** A running `inn forward`. Disposing ends it by SIGINT. */
class Forwarding implements AsyncDisposable {
  readonly child: ReturnType<typeof spawnInn>;
  readonly lines: string[] = [];
  stderr = '';

  private constructor(child: ReturnType<typeof spawnInn>) {
    this.child = child;
    child.stderr.on('data', (text) => (this.stderr += text));
  }

  static async start(api: ServedApi, ...forwards: string[]): Promise<Forwarding> {
    const forwarding = new Forwarding(spawnInn(api.socketPath, ['forward', 'one', ...forwards]));
    for await (const line of createInterface(forwarding.child.stdout)) {
      forwarding.lines.push(line);
      if (forwarding.lines.length === forwards.length) return forwarding;
    }
    throw new Error(forwarding.stderr);
  }

  port(index = 0): number {
    return Number(/^127\.0\.0\.1:(\d+) -> /.exec(this.lines[index] ?? '')?.[1]);
  }

  async end(): Promise<[number | null, string | null]> {
    if (this.child.exitCode === null && this.child.signalCode === null) {
      this.child.kill('SIGINT');
      await once(this.child, 'exit');
    }
    return [this.child.exitCode, this.child.signalCode];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.end();
  }
}

/** Sends bytes and their end on a connection; resolves to what came back. */
async function ask(port: number, input: string | Uint8Array): Promise<Buffer> {
  const socket = connect({ host: '127.0.0.1', port, allowHalfOpen: true });
  const parts: Buffer[] = [];
  socket.end(input);
  for await (const part of socket) parts.push(part as Buffer);
  return Buffer.concat(parts);
}

describe('inn forward', () => {
  let api: ServedApi;
  let echo: Program;
  before(async () => {
    api = await serveConnected();
    echo = await Program.start((socket) => void socket.pipe(socket));
  });
  after(async () => {
    await echo[Symbol.asyncDispose]();
    await api[Symbol.asyncDispose]();
  });

  it('inn forward prints what it forwards, carries many connections at once, and ends by ^C', async () => {
    await using other = await Program.start((socket) => void socket.end('other'));
    await using forwarding = await Forwarding.start(api, `0:${echo.port}`, `0:${other.port}`);
    assert.match(forwarding.lines[0] ?? '', /^127\.0\.0\.1:\d+ -> one:\d+$/);
    const inputs = Array.from({ length: 20 }, (_, index) => randomBytes(10_000 * (index + 1)));
    const outputs = await Promise.all(inputs.map((input) => ask(forwarding.port(), input)));
    for (const [index, output] of outputs.entries()) assert.ok(output.equals(inputs[index] ?? Buffer.alloc(0)));
    assert.equal(`${await ask(forwarding.port(1), '')}`, 'other');
    const kept = connect(forwarding.port(), '127.0.0.1');
    kept.on('error', () => undefined);
    await once(kept, 'connect');
    const closed = new Promise((resolve) => kept.once('close', resolve));
    assert.deepEqual(await forwarding.end(), [null, 'SIGINT']);
    await closed;
    assert.equal(forwarding.stderr, '');
  });

  it('inn forward resets a connection that the guest refuses, says why, and goes on', async () => {
    const port = await unusedPort();
    await using forwarding = await Forwarding.start(api, `0:${port}`, `0:${echo.port}`);
    for (let count = 0; count < 3; count++) await assert.rejects(ask(forwarding.port(), 'x'), { code: 'ECONNRESET' });
    assert.match(forwarding.stderr, /^inn: one:\d+: Nothing accepts connections at 127\.0\.0\.1:\d+\.\n$/);
    assert.equal(`${await ask(forwarding.port(1), 'still')}`, 'still');
  });

  it('inn forward works again after a restart of the daemon', async () => {
    await using forwarding = await Forwarding.start(api, `0:${echo.port}`);
    assert.equal(`${await ask(forwarding.port(), 'before')}`, 'before');
    await api.restartServer();
    assert.equal(`${await ask(forwarding.port(), 'after')}`, 'after');
  });

  it('inn forward refuses malformed forwards, unknown VMs and ports in use', async () => {
    for (const word of ['http', '8080:', '0', '70000', '80:70000', '80:a', ':80', '80:80:80'])
      assert.equal((await runInn(api.socketPath, ['forward', 'one', word])).exitCode, 2, word);
    assert.match((await runInn(api.socketPath, ['forward', 'nobody', '0:80'])).stderr, /nobody/);
    const taken = await runInn(api.socketPath, ['forward', 'one', `${echo.port}`]);
    assert.match(taken.stderr, /Cannot listen on 127\.0\.0\.1:\d+: another program listens there/);
    assert.equal(taken.exitCode, 1);
  });
});

describe('inn ssh-config', () => {
  it('inn ssh-config prints a stanza with a tunnel as ProxyCommand and the id of the VM as its key', async () => {
    await using api = await serveConnected();
    const environment = { INNKEEPER_CONTEXT: "it's %h" };
    const words = ['ssh-config', 'one', '--user', 'root', '--port', '2222'];
    const { stdout, stderr } = await runInn(api.socketPath, words, { environment });
    assert.equal(stderr, '');
    const proxy = `inn --socket ${api.socketPath} --context 'it'\\''s %%h' tunnel one 2222`;
    assert.equal(
      stdout.replace(/innkeeper-[0-9a-f-]{36}$/m, 'innkeeper-ID'),
      `Host one\n  ProxyCommand ${proxy}\n  HostKeyAlias innkeeper-ID\n  CheckHostIP no\n  User root\n`,
    );
  });
});
