import assert from 'node:assert/strict';
import { connect, createServer } from 'node:net';
import { before, describe, it } from 'node:test';
import { openUnixChannel } from '@innkeeper/agent-client';
import { buildAgent, RunningAgent, runAgent } from '../testing/running-agent.ts';

/** A port of this machine that nothing listens on at the moment. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' ? (address?.port ?? 0) : 0;
}

before(buildAgent, { timeout: 300_000 });

describe('what the agent listens on', { timeout: 120_000 }, () => {
  it('the agent serves HTTP, and nothing else, on the address of its settings', async () => {
    const port = await freePort();
    await using agent = await RunningAgent.start({ config: () => `http_address = "127.0.0.1:${port}"\n` });
    await agent.until(async () => agent.log.includes('http.listening'));
    const base = `http://127.0.0.1:${port}`;
    const health = await fetch(`${base}/health`);
    assert.deepEqual([health.status, ((await health.json()) as { status: string }).status], [200, 'healthy']);
    const metrics = (await (await fetch(`${base}/metrics`)).json()) as Record<string, unknown>;
    assert.ok(Number(metrics['memory_total_kb']) > 100_000, `${metrics['memory_total_kb']}`);
    const text = await (await fetch(`${base}/metrics`, { headers: { accept: 'text/plain' } })).text();
    assert.match(text, /^innkeeper_guest_memory_total_bytes \d+$/m);
    const change = { method: 'POST', body: JSON.stringify({ interface: 'lo', static_ip: '192.0.2.1/24' }) };
    assert.equal((await fetch(`${base}/configure-interface`, change)).status, 403);
    const other = connect(port, '127.0.0.1');
    other.end(Buffer.from('\0\0\0\x17{"type":"health_check"}\r\n\r\n'));
    const answer = Buffer.concat((await other.toArray()) as Buffer[]).toString();
    assert.match(answer, /^HTTP\/1\.1 400 /);
  });

  it('the agent does not listen for HTTP unless it is told to', async () => {
    await using agent = await RunningAgent.start();
    assert.doesNotMatch(agent.log, /http\.listening|vsock\.listening/);
  });

  it('JSON frames are recognised on a unix socket, with a command whose output fills a frame', async () => {
    await using agent = await RunningAgent.start();
    const channel = await openUnixChannel(agent.socket);
    const ask = async (request: unknown): Promise<Record<string, unknown>> => {
      const body = Buffer.from(JSON.stringify(request));
      const head = Buffer.alloc(4);
      head.writeUInt32BE(body.length);
      await channel.write(Buffer.concat([head, body]));
      let bytes = Buffer.alloc(0);
      while (bytes.length < 4 || bytes.length < 4 + bytes.readUInt32BE()) {
        const more = await channel.read();
        assert.ok(more !== undefined, 'the agent closed the connection');
        bytes = Buffer.concat([bytes, more]);
      }
      return JSON.parse(bytes.subarray(4).toString()) as Record<string, unknown>;
    };
    try {
      assert.equal((await ask({ type: 'health_check' }))['status'], 'ok');
      const status = await ask({ type: 'report_status' });
      assert.ok(Number(status['memory_total_mb']) > 100, JSON.stringify(status));
      const loud = { type: 'exec', command: 'head', args: ['-c', '3000000', '/dev/zero'] };
      const { exit_code: code, stdout } = await ask(loud);
      assert.equal(code, 0);
      assert.match(String(stdout), /^\0{100000,}\n\[output cut by the agent\]\n$/);
      const path = `${agent.folder}/large`;
      const written = await ask({ type: 'write_file', path, content: 'ä'.repeat(400_000), mode: 384, append: false });
      assert.deepEqual(written, { status: 'ok', message: `wrote 800000 bytes to ${path}` });
      assert.ok((await agent.status('VmHWM')) <= 8 * 1024, `${await agent.status('VmHWM')} KiB`);
    } finally {
      await channel.close();
    }
  });

  it('a wrong port or peer of vsock is a usage error', async () => {
    for (const words of [
      ['--listen', 'vsock:0'],
      ['--listen', 'vsock:x'],
      ['--vsock-peers', 'host'],
      ['--vsock-peers', '1,4294967296'],
    ])
      assert.equal((await runAgent('serve', '--no-virtio', ...words)).code, 2, words.join(' '));
  });
});
