import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ProcessServiceLite } from '@innkeeper/contract/agent-lite';
import { foldExec } from '../fake/exec-output.ts';
import { type FakeAgent, startFakeAgent } from '../fake/fake-agent.ts';
import { FakeHost } from '../fake/fake-host.ts';
import type { Program } from '../fake/fake-program.ts';
import type { ManualClock } from '../fake/manual-clock.ts';
import { HostError } from '../host-error.ts';

const { exec, list } = ProcessServiceLite;

type Agent = FakeAgent<ManualClock>;

async function start(
  { node }: Pick<Agent, 'node'>,
  spec: Record<string, unknown>,
  options: { readonly more?: boolean; readonly credit?: number } = {},
) {
  return await node.open(exec, { input: { case: 'start', value: { id: 'a', ...spec } } }, options);
}

async function attach({ node }: Pick<Agent, 'node'>, fromOffset: number, options: { readonly credit?: number } = {}) {
  const value = { id: 'a', fromOffset: BigInt(fromOffset) };
  return await node.open(exec, { input: { case: 'attach', value } }, options);
}

const text = (data: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(data);

/** Prints this many bytes in pieces of 10,000, then exits. */
function printer(bytes: number): Program {
  return async ({ write }) => {
    for (let left = bytes; left > 0; left -= 10_000) await write('x'.repeat(Math.min(left, 10_000)));
    return 0;
  };
}

describe('exec', () => {
  it('Exec streams stdout and stderr in order, then the exit', async () => {
    const agent = await startFakeAgent();
    const call = await start(agent, { shellCommand: 'echo a; echo b >&2; echo c; exit 3' });
    const { stdout, stderr, exited } = foldExec(call.messages);
    assert.deepEqual([stdout, stderr, call.reason], ['a\nc\n', 'b\n', '']);
    assert.deepEqual(exited?.status, { case: 'exitCode', value: 3 });
    assert.deepEqual([exited?.stdoutBytes, exited?.stderrBytes, exited?.ending], [4n, 2n, 1]);
    assert.deepEqual([exited?.truncated, exited?.orphansLeft, exited?.maxRssBytes], [false, 0, 1_048_576n]);
  });

  it('standard input is addressed by offset: repeated bytes are skipped, a gap is an error', async () => {
    const agent = await startFakeAgent();
    const call = await start(agent, { argv: ['cat'], stdin: true }, { more: true });
    await call.send({ input: { case: 'stdin', value: { offset: 0n, data: text('hello') } } });
    await call.send({ input: { case: 'stdin', value: { offset: 2n, data: text('llo you') } } });
    await call.send({ input: { case: 'stdin', value: { offset: 9n, end: true } } });
    assert.equal(foldExec(call.messages).stdout, 'hello you');
    assert.equal(foldExec(call.messages).stdinAccepted, 9);
    assert.equal(call.reason, '');
    const other = await start(agent, { id: 'b', argv: ['cat'], stdin: true }, { more: true });
    await other.send({ input: { case: 'stdin', value: { offset: 5n, data: text('x') } } });
    assert.equal(other.reason, 'STDIN_GAP');
    const closed = await start(agent, { id: 'c', argv: ['sleep', '1'] }, { more: true });
    await closed.send({ input: { case: 'stdin', value: { data: text('x') } } });
    assert.equal(closed.reason, 'STDIN_CLOSED');
  });

  it('standard input is accepted at the speed of the process, within its buffer', async () => {
    const agent = await startFakeAgent(
      new FakeHost({ programs: { '/usr/bin/deaf': ({ sleep }) => sleep(1e6).then(() => 0) } }),
    );
    const call = await start(agent, { argv: ['deaf'], stdin: true }, { more: true });
    for (let at = 0; at < 240_000; at += 60_000) {
      const value = { offset: BigInt(at), data: new Uint8Array(60_000) };
      await call.send({ input: { case: 'stdin', value } });
    }
    assert.ok((agent.node.credit.get(call.id) ?? 0) <= 180_000);
    assert.equal(foldExec(call.messages).stdinAccepted, 65_536);
  });

  it('standard input for a program that has stopped reading is not an error', async () => {
    const agent = await startFakeAgent();
    const call = await start(agent, { argv: ['true'], stdin: true }, { more: true });
    await call.send({ input: { case: 'stdin', value: { data: text('late') } } });
    assert.equal(call.reason, '');
  });

  it('Exec with a terminal has a size, one output stream, and an end of input', async () => {
    const agent = await startFakeAgent(
      new FakeHost({
        programs: {
          '/usr/bin/size': async (context) => {
            await context.read();
            await context.writeError(`${context.terminal?.columns}x${context.terminal?.rows}`);
            return (await context.read()) === undefined ? 0 : 1;
          },
        },
      }),
    );
    const call = await start(agent, { argv: ['size'], terminal: { columns: 80, rows: 24 } }, { more: true });
    await call.send({ input: { case: 'resize', value: { columns: 132, rows: 50 } } });
    await call.send({ input: { case: 'stdin', value: { data: text('go\n') } } });
    await call.send({ input: { case: 'stdin', value: { offset: 3n, end: true } } });
    const { stdout, stderr, exited } = foldExec(call.messages);
    assert.deepEqual([stdout, stderr], ['132x50', '']);
    assert.deepEqual(exited?.status, { case: 'exitCode', value: 0 });
  });

  it('Exec with an existing id attaches instead of starting again', async () => {
    const agent = await startFakeAgent();
    await start(agent, { argv: ['echo', 'once'] });
    const again = await start(agent, { argv: ['echo', 'twice'] });
    assert.equal(foldExec(again.messages).stdout, 'once\n');
    const started = again.messages[0]?.event;
    assert.equal(started?.case === 'started' && started.value.attached, true);
    assert.equal(agent.host.processes.spawned.length, 1);
  });

  it('attach refuses unknown ids and offsets that were not reached', async () => {
    const agent = await startFakeAgent();
    assert.equal((await attach(agent, 0)).reason, 'EXEC_NOT_FOUND');
    await start(agent, { argv: ['echo', 'a'] });
    assert.equal((await attach(agent, 3)).reason, 'INVALID_ARGUMENT');
    assert.equal((await agent.node.open(exec, { input: { case: 'signal', value: 9 } })).reason, 'INVALID_ARGUMENT');
  });

  it('Exec resumes after a lost session, and the output is complete', async () => {
    const agent = await startFakeAgent();
    const first = await start(agent, { argv: ['seq', '200000'] }, { credit: 100_000 });
    const got = foldExec(first.messages).stdout;
    await agent.node.hello();
    const second = await attach(agent, got.length, { credit: 1 << 20 });
    // The process waits until the reader has consumed the data, not until it was sent.
    assert.equal(second.reason, undefined);
    while (second.reason === undefined) await second.grant(200_000);
    const { stdout, gap, exited } = foldExec(second.messages);
    assert.equal(gap, 0);
    assert.deepEqual(exited?.status, { case: 'exitCode', value: 0 });
    const whole = `${Array.from({ length: 200_000 }, (_, index) => index + 1).join('\n')}\n`;
    assert.ok(got + stdout === whole);
    assert.equal(Number(exited?.stdoutBytes), whole.length);
  });

  it('a process waits for a reader that reads nothing for an hour, and no byte is lost', async () => {
    const agent = await startFakeAgent(new FakeHost({ programs: { '/usr/bin/print': printer(2_000_000) } }));
    const call = await start(agent, { argv: ['print'], hangupAfterMs: 60_000 }, { credit: 100_000 });
    await agent.host.clock.advance(3_600_000);
    assert.equal(call.reason, undefined);
    assert.equal(agent.host.processes.running.length, 1);
    while (call.reason === undefined) await call.grant(200_000);
    const { gap, bytes, exited } = foldExec(call.messages);
    assert.deepEqual([gap, bytes, exited?.status.value], [0, 2_000_000, 0]);
  });

  it('a process waits a minute for a reader whose session is gone, then drops its oldest output', async () => {
    const agent = await startFakeAgent(new FakeHost({ programs: { '/usr/bin/print': printer(2_000_000) } }));
    await start(agent, { argv: ['print'] }, { credit: 1 });
    await agent.node.hello();
    await agent.host.clock.advance(59_000);
    assert.equal(agent.host.processes.running.length, 1);
    await agent.host.clock.advance(2000);
    assert.equal(agent.host.processes.running.length, 0);
  });

  it('a process that never waits for its reader drops its oldest output at once', async () => {
    const agent = await startFakeAgent(new FakeHost({ programs: { '/usr/bin/print': printer(2_000_000) } }));
    await start(agent, { id: 'b', argv: ['print'], neverWaitForReader: true }, { credit: 1 });
    assert.equal(agent.host.processes.running.length, 0);
  });

  it('a follower that has gone holds no memory, however full the ring', async () => {
    const drip: Program = async ({ write, sleep }) => {
      for (;;) {
        await write(new Uint8Array(50_000));
        await sleep(100);
      }
    };
    const agent = await startFakeAgent(new FakeHost({ programs: { '/usr/bin/drip': drip } }));
    const timers = agent.host.clock.pendingTimers;
    await start(agent, { argv: ['drip'] }, { credit: 1 });
    await agent.node.hello();
    await agent.host.clock.advance(2000);
    // Its position is kept for a while, and nothing else.
    assert.equal(agent.host.clock.pendingTimers, timers + 1);
  });

  it('a process gets HUP when nobody has followed it for hangup_after_ms', async () => {
    const agent = await startFakeAgent();
    await start(agent, { argv: ['sleep', '9000'], hangupAfterMs: 60_000 });
    await agent.host.clock.advance(600_000);
    await agent.node.hello();
    await agent.host.clock.advance(59_000);
    const second = await attach(agent, 0);
    await agent.host.clock.advance(600_000);
    assert.equal(second.reason, undefined);
    await second.cancel();
    await agent.host.clock.advance(59_000);
    assert.equal(agent.host.processes.running.length, 1);
    await agent.host.clock.advance(2000);
    assert.equal(agent.host.processes.running.length, 0);
    const { exited } = foldExec((await attach(agent, 0)).messages);
    assert.deepEqual([exited?.status, exited?.ending], [{ case: 'signal', value: 1 }, 3]);
  });

  it('a process without hangup_after_ms keeps running without a reader', async () => {
    const agent = await startFakeAgent();
    await start(agent, { argv: ['sleep', '9000'] });
    await agent.node.hello();
    await agent.host.clock.advance(3_600_000);
    assert.equal(agent.host.processes.running.length, 1);
  });

  it('a terminal of 0x0 has 80 columns and 24 rows, and a resize to 0 is ignored', async () => {
    const host = new FakeHost({
      programs: {
        '/usr/bin/size': async (context) => {
          await context.write(`${context.terminal?.columns}x${context.terminal?.rows} `);
          await context.read();
          await context.write(`${context.terminal?.columns}x${context.terminal?.rows}`);
          return 0;
        },
      },
    });
    const agent = await startFakeAgent(host);
    const call = await start(agent, { argv: ['size'], terminal: { columns: 0, rows: 0 } }, { more: true });
    await call.send({ input: { case: 'resize', value: { columns: 0, rows: 0 } } });
    await call.send({ input: { case: 'resize', value: { columns: 100, rows: 0 } } });
    await call.send({ input: { case: 'stdin', value: { data: text('go') } } });
    assert.deepEqual([foldExec(call.messages).stdout, call.reason], ['80x24 80x24', '']);
  });

  it('a resize that the kernel refuses, or that is too large, does not end the exec', async () => {
    const agent = await startFakeAgent();
    const spawn = agent.host.processes.spawn.bind(agent.host.processes);
    agent.host.processes.spawn = (spec) => ({
      ...spawn(spec),
      resize: () => {
        throw new HostError('ENOTTY', 'ioctl');
      },
    });
    const call = await start(agent, { argv: ['cat'], stdin: true }, { more: true });
    await call.send({ input: { case: 'resize', value: { columns: 4_000_000_000, rows: 50 } } });
    await call.send({ input: { case: 'stdin', value: { data: text('still here'), end: true } } });
    assert.deepEqual([foldExec(call.messages).stdout, call.reason], ['still here', '']);
  });

  it('Exec accepts a start that is longer than a frame in parts, and lists its beginning only', async () => {
    const agent = await startFakeAgent();
    const argv = ['echo', ...Array.from({ length: 20 }, (_, index) => `${index}`.repeat(50_000))];
    const call = await agent.node.open(exec, { input: { case: 'start', value: { id: 'a', argv } } });
    while (call.reason === undefined) await call.grant(200_000);
    assert.equal(foldExec(call.messages).bytes, argv.slice(1).join(' ').length + 1);
    assert.equal((await agent.node.open(list, {})).messages[0]?.execs[0]?.argv.join(' ').length, 100);
  });

  it('Exec refuses a start that is too large, with both numbers', async () => {
    const agent = await startFakeAgent();
    const value = { id: 'a', argv: ['echo', 'x'.repeat(2_300_000)] };
    const call = await agent.node.open(exec, { input: { case: 'start', value } });
    assert.equal(call.reason, 'INVALID_ARGUMENT');
    assert.match(call.answers.end?.message ?? '', /2210000 bytes; the maximum is 2162688/);
    assert.equal(agent.host.processes.spawned.length, 0);
  });

  it('keeps the first bytes of too much output, and counts them all', async () => {
    const agent = await startFakeAgent(new FakeHost({ programs: { '/usr/bin/print': printer(500_000) } }));
    const { bytes, exited } = foldExec((await start(agent, { argv: ['print'], maxOutputBytes: 12_345n })).messages);
    assert.deepEqual([bytes, exited?.truncated, exited?.stdoutBytes], [12_345, true, 500_000n]);
  });

  it('List returns running and ended commands in one message', async () => {
    const agent = await startFakeAgent();
    for (let count = 0; count < 64; count++) await start(agent, { id: `e${count}`, argv: ['true', 'ü'.repeat(3000)] });
    for (let count = 0; count < 64; count++)
      await (await start(agent, { id: `r${count}`, argv: ['sleep', '900', 'ü'.repeat(3000)] })).cancel();
    const listed = await agent.node.open(list, {});
    assert.equal(listed.reason, '');
    const execs = listed.messages[0]?.execs ?? [];
    assert.deepEqual(execs.filter(({ exited }) => exited !== undefined).length, 64);
    assert.equal(execs.length, 128);
    const more = await start(agent, { id: 'more', argv: ['true'] });
    await agent.host.clock.advance(4900);
    assert.equal(more.reason, undefined);
    await agent.host.clock.advance(200);
    assert.equal(more.reason, 'TOO_MANY_PROCESSES');
  });

  it('200 commands started at once all run: those beyond 64 wait', async () => {
    const agent = await startFakeAgent();
    const nodes = [agent.node, await agent.connect(), await agent.connect(), await agent.connect()];
    const calls = [];
    for (let count = 0; count < 200; count++) {
      const value = { id: `e${count}`, argv: ['sleep', '1'] };
      calls.push(await nodes[count % 4]?.open(exec, { input: { case: 'start', value } }));
    }
    assert.equal(agent.host.processes.running.length, 64);
    await agent.host.clock.advance(4500);
    assert.deepEqual(new Set(calls.map((call) => call?.reason)), new Set(['']));
  });

  it('starts wait as long as commands end, however many are before them', async () => {
    const agent = await startFakeAgent();
    const nodes = [agent.node, await agent.connect(), await agent.connect(), await agent.connect()];
    const calls = [];
    for (let count = 0; count < 200; count++) {
      const value = { id: `e${count}`, argv: ['sleep', '4'] };
      calls.push(await nodes[count % 4]?.open(exec, { input: { case: 'start', value } }));
    }
    await agent.host.clock.advance(20_000);
    assert.deepEqual(new Set(calls.map((call) => call?.reason)), new Set(['']));
  });

  it('a start that waits is given up when its call is canceled', async () => {
    const agent = await startFakeAgent();
    for (let count = 0; count < 64; count++)
      await (await start(agent, { id: `r${count}`, argv: ['sleep', '2'] })).cancel();
    const late = await start(agent, { id: 'late', argv: ['sleep', '900'] });
    await late.cancel();
    await agent.host.clock.advance(5000);
    assert.equal(agent.host.processes.running.length, 0);
  });

  it('ended commands are remembered for ten minutes, with the output of the latest ones', async () => {
    const agent = await startFakeAgent(new FakeHost({ programs: { '/usr/bin/print': printer(250_000) } }));
    for (let count = 0; count < 8; count++) await start(agent, { id: `p${count}`, argv: ['print'] });
    const value = { id: 'p0', fromOffset: 0n };
    const old = await agent.node.open(exec, { input: { case: 'attach', value } });
    const recent = await agent.node.open(exec, { input: { case: 'attach', value: { ...value, id: 'p7' } } });
    assert.deepEqual([foldExec(old.messages).gap, foldExec(recent.messages).gap], [250_000, 0]);
    assert.notEqual(foldExec(old.messages).exited, undefined);
    await agent.host.clock.advance(601_000);
    assert.equal((await agent.node.open(exec, { input: { case: 'attach', value } })).reason, 'EXEC_NOT_FOUND');
  });
});
