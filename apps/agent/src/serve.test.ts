import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { stat } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { before, describe, it } from 'node:test';
import { setTimeout as pass } from 'node:timers/promises';
import { buildAgent, RunningAgent } from '../testing/running-agent.ts';

const idleRssKiB = 3 * 1024;
/** Longer than the agent's slowest timer, telemetry every 5 s, which must not run. */
const windowMs = 1500;

before(buildAgent, { timeout: 120_000 });

async function open(path: string): Promise<Socket> {
  const socket = connect({ path });
  await once(socket, 'connect');
  // The agent closes a connection that sends too much garbage; later writes then fail, as expected.
  socket.on('error', () => undefined);
  // Errors are answered, and a client that does not take the answers is not read from.
  socket.resume();
  return socket;
}

async function send(socket: Socket, bytes: Uint8Array): Promise<void> {
  if (socket.destroyed || socket.write(bytes)) return;
  // A close follows every error.
  await new Promise<void>((resolve) => {
    socket.once('drain', resolve);
    socket.once('close', () => resolve());
  });
}

describe('a serving agent', { timeout: 60_000 }, () => {
  it('a serving agent’s socket is accessible only to its owner', async () => {
    await using agent = await RunningAgent.start();
    assert.equal((await stat(agent.socket)).mode & 0o777, 0o600);
  });

  it('an idle agent takes at most 3 MB, before and after a session', async () => {
    await using agent = await RunningAgent.start();
    const atStart = await agent.status('VmRSS');
    await agent.connect().ping();
    const after = await agent.status('VmRSS');
    assert.ok(atStart <= idleRssKiB && after <= idleRssKiB, `${atStart} and ${after} KiB`);
  });

  it('the agent exits with 0 within a second of SIGTERM, with and without nodes attached', async () => {
    for (const nodes of [0, 3]) {
      await using agent = await RunningAgent.start();
      for (let count = 0; count < nodes; count++) await agent.connect().ping();
      const { code, tookMs } = await agent.end('SIGTERM');
      assert.equal(code, 0);
      assert.ok(tookMs < 1000, `${tookMs} ms`);
      assert.doesNotMatch(agent.log, /unhandled|uncaught/);
      assert.ok(agent.log.split('\n').length < 10, agent.log);
    }
  });

  it('an agent that stops kills the processes it started, also those that ignore SIGTERM', async () => {
    await using agent = await RunningAgent.start();
    const link = agent.connect();
    const exec = link.exec({ argv: ['/bin/sh', '-c', 'trap "" TERM; echo $$; while :; do sleep 0.1; done'] });
    let pid = 0;
    for await (const { event } of exec.events) {
      if (event.case === 'output') pid = Number(new TextDecoder().decode(event.value.data));
      if (pid > 0) break;
    }
    const { code, tookMs } = await agent.end('SIGTERM');
    assert.equal(code, 0);
    assert.ok(tookMs < 2000, `${tookMs} ms`);
    await assert.rejects(stat(`/proc/${pid}`));
  });

  it('the agent has no wake-ups while no node is attached', async () => {
    await using agent = await RunningAgent.start();
    const descriptors = await agent.openDescriptors();
    const link = agent.connect();
    await link.ping();
    await link[Symbol.asyncDispose]();
    await agent.until(async () => (await agent.openDescriptors()) === descriptors);
    // Its last step may still be running.
    await pass(100);
    const before = await agent.status('voluntary_ctxt_switches');
    await pass(windowMs);
    assert.equal(await agent.status('voluntary_ctxt_switches'), before);
  });

  it('garbage on one connection does not disturb others, and its memory is bounded', async () => {
    await using agent = await RunningAgent.start();
    const link = agent.connect();
    await link.ping();
    const peak = await agent.status('VmHWM');
    for (const first of [
      randomBytes(64),
      Buffer.from('GET / HTTP/1.1\r\n\r\n'),
      Buffer.from('\xff{"execute":', 'latin1'),
    ]) {
      const socket = await open(agent.socket);
      await send(socket, first);
      for (let count = 0; count < 64 && !socket.destroyed; count++) await send(socket, randomBytes(65_536));
      await link.ping();
      socket.destroy();
    }
    await link.ping();
    const after = await agent.status('VmHWM');
    assert.ok(after - peak < 1024, `${peak} -> ${after} KiB`);
    assert.doesNotMatch(agent.log, /unhandled|uncaught/);
  });

  it('a client of the QGA dialect that takes no answers holds up only itself', async () => {
    await using agent = await RunningAgent.start();
    const link = agent.connect();
    await link.ping();
    const peak = await agent.status('VmHWM');
    const socket = await open(agent.socket);
    socket.pause();
    const ping = Buffer.from('{"execute":"guest-ping"}\n'.repeat(40_000));
    // Node takes all of it; the agent stops at what the kernel keeps of its answers.
    socket.write(ping);
    for (let count = 0; count < 20; count++) await link.ping();
    assert.ok(socket.writableLength > 0, 'the agent read requests whose answers nobody takes');
    assert.ok((await agent.status('VmHWM')) - peak < 1024);
    socket.destroy();
    await link.ping();
  });

  it('the agent allocates no memory for the length that a frame’s header claims', async () => {
    await using agent = await RunningAgent.start();
    const link = agent.connect();
    await link.ping();
    const peak = await agent.status('VmHWM');
    const native = Buffer.from('5154580100000000', 'hex');
    for (const claim of [0x7fff_ffff, 0xffff_fff0, 16 * 1024 * 1024]) {
      const magic = Buffer.from(native);
      magic.writeUInt32BE(claim >>> 0, 4);
      const plain = Buffer.alloc(6, 0x0a);
      plain.writeUInt32BE(claim >>> 0, 0);
      for (const header of [magic, plain]) {
        const socket = await open(agent.socket);
        await send(socket, header);
        await link.ping();
        socket.destroy();
      }
    }
    const after = await agent.status('VmHWM');
    // This includes the cost of the connections: read buffers and telemetry reports.
    assert.ok(after - peak < 3 * 1024, `${peak} -> ${after} KiB`);
  });

  it('the agent serves many connections at once, and waiting ones when others close', async () => {
    await using agent = await RunningAgent.start();
    const links = Array.from({ length: 31 }, () => agent.connect());
    await Promise.all(links.map((link) => link.ping()));
    const silent = await Promise.all(Array.from({ length: 8 }, () => open(agent.socket)));
    await Promise.all(links.map((link) => link.ping()));
    await Promise.all(links.slice(0, 8).map((link) => link[Symbol.asyncDispose]()));
    await agent.connect().ping();
    for (const socket of silent) socket.destroy();
    await Promise.all(links.slice(8).map((link) => link.ping()));
  });
});
