import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ProcessServiceLite } from '@innkeeper/contract/agent-lite';
import { foldExec } from '../fake/exec-output.ts';
import { type FakeAgent, startFakeAgent } from '../fake/fake-agent.ts';
import { FakeHost } from '../fake/fake-host.ts';
import type { Program } from '../fake/fake-program.ts';
import { type ManualClock, settle } from '../fake/manual-clock.ts';

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

  it('a process waits for its reader, and a reader that stalls for 30 s is detached', async () => {
    const agent = await startFakeAgent(new FakeHost({ programs: { '/usr/bin/print': printer(2_000_000) } }));
    const call = await start(agent, { argv: ['print'] }, { credit: 100_000 });
    assert.equal(agent.host.processes.running.length, 1);
    await agent.host.clock.advance(29_000);
    assert.equal(call.reason, undefined);
    await call.grant(50_000);
    await agent.host.clock.advance(29_000);
    assert.equal(call.reason, undefined);
    await agent.host.clock.advance(2000);
    assert.equal(call.reason, 'SLOW_READER');
    await agent.host.clock.advance(1000);
    assert.equal(agent.host.processes.running.length, 0);
    const late = await attach(agent, 0, { credit: 1 << 20 });
    const { gap, bytes, exited } = foldExec(late.messages);
    assert.equal(gap + bytes, 2_000_000);
    assert.ok(bytes >= 250_000 && bytes < 600_000, `${bytes}`);
    assert.equal(exited?.stdoutBytes, 2_000_000n);
  });

  it('a process without a reader drops its oldest output, at once if requested', async () => {
    const agent = await startFakeAgent(new FakeHost({ programs: { '/usr/bin/print': printer(2_000_000) } }));
    await start(agent, { argv: ['print'] }, { credit: 1 });
    await agent.node.hello();
    await settle();
    assert.equal(agent.host.processes.running.length, 1);
    await agent.host.clock.advance(31_000);
    assert.equal(agent.host.processes.running.length, 0);
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

  it('Exec keeps the first bytes up to the output limit, and counts all', async () => {
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
    assert.equal((await start(agent, { id: 'more', argv: ['true'] })).reason, 'TOO_MANY_PROCESSES');
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
