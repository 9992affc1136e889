import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ProcessServiceLite } from '@innkeeper/contract/agent-lite';
import { foldExec } from '../fake/exec-output.ts';
import { startFakeAgent } from '../fake/fake-agent.ts';
import { FakeHost } from '../fake/fake-host.ts';
import type { Program } from '../fake/fake-program.ts';
import { settle } from '../fake/manual-clock.ts';

const { exec, signal } = ProcessServiceLite;
const hour: Program = ({ sleep }) => sleep(3_600_000).then(() => 0);
const stubborn: Program = (context) => {
  context.onSignal(15, () => undefined);
  return hour(context);
};

async function run(programs: Record<string, Program>, spec: Record<string, unknown>) {
  const agent = await startFakeAgent(new FakeHost({ programs }));
  const value = { id: 'a', argv: Object.keys(programs).slice(0, 1), ...spec };
  const call = await agent.node.open(exec, { input: { case: 'start', value } });
  return { ...agent, call, exited: () => foldExec(call.messages).exited };
}

describe('a process tree', () => {
  it('a process tree is ended at its timeout: TERM, and KILL after the grace period', async () => {
    const { host, exited } = await run({ '/usr/bin/stubborn': stubborn }, { timeoutMs: 1000, killGraceMs: 500 });
    await host.clock.advance(1400);
    assert.equal(exited(), undefined);
    await host.clock.advance(200);
    assert.deepEqual(exited()?.status, { case: 'signal', value: 9 });
    assert.equal(exited()?.ending, 2);
    assert.equal(exited()?.durationMs, 1500n);
  });

  it('a process tree is killed completely at its timeout, before its exit is reported, if a child ignores TERM', async () => {
    const leader: Program = (context) => {
      context.fork(stubborn);
      return hour(context);
    };
    const { host, exited } = await run({ '/usr/bin/leader': leader }, { timeoutMs: 1000 });
    await host.clock.advance(5900);
    assert.equal(exited(), undefined);
    assert.equal(host.processes.running.length, 1);
    await host.clock.advance(200);
    assert.deepEqual([exited()?.status.value, exited()?.ending, exited()?.orphansLeft], [15, 2, 0]);
    assert.equal(host.processes.running.length, 0);
  });

  it('a command ends 2 s after the last output if a child holds its pipes, and reports that they were closed', async () => {
    const leader: Program = async ({ fork, write }) => {
      fork(hour);
      await write('done');
      return 0;
    };
    const { host, call, exited } = await run({ '/usr/bin/leader': leader }, {});
    await host.clock.advance(1990);
    assert.equal(exited(), undefined);
    await host.clock.advance(20);
    assert.equal(foldExec(call.messages).stdout, 'done');
    assert.deepEqual([exited()?.status.value, exited()?.orphansLeft, exited()?.ending], [0, 1, 1]);
    assert.equal(exited()?.outputCut, true);
  });

  it('output of descendants is included after the first process has ended, as long as there is any', async () => {
    const leader: Program = ({ fork }) => {
      fork(async ({ write, sleep }) => {
        for (let count = 0; count < 20; count++) {
          await sleep(1900);
          await write(`${count} `);
        }
        return 0;
      });
      return 3;
    };
    const { host, call, exited } = await run({ '/usr/bin/leader': leader }, {});
    await host.clock.advance(37_000);
    assert.equal(exited(), undefined);
    await host.clock.advance(1100);
    assert.equal(foldExec(call.messages).stdout, Array.from({ length: 20 }, (_, index) => `${index} `).join(''));
    assert.deepEqual([exited()?.status.value, exited()?.outputCut, exited()?.orphansLeft], [3, false, 0]);
  });

  it('a command ends at its timeout if only descendants that print are left', async () => {
    const leader: Program = ({ fork }) => {
      fork(async ({ write, sleep }) => {
        for (;;) {
          await sleep(500);
          await write('.');
        }
      });
      return 0;
    };
    const { host, exited } = await run({ '/usr/bin/leader': leader }, { timeoutMs: 10_000 });
    await host.clock.advance(10_100);
    assert.deepEqual([exited()?.ending, exited()?.orphansLeft, host.processes.running.length], [2, 0, 0]);
  });

  it('without a cgroup a process that changed its session and environment is counted as not ended', async () => {
    const leader: Program = async (context) => {
      context.fork(
        (child) => {
          child.fork(hour, { newSession: true });
          return 0;
        },
        { newSession: true },
      );
      return await hour(context);
    };
    const { host, exited } = await run({ '/usr/bin/leader': leader }, { timeoutMs: 1000, killGraceMs: 500 });
    const strayPid = host.processes.running.at(-1);
    host.files.put(`/proc/${strayPid}/environ`, 'PATH=/bin');
    await host.clock.advance(3000);
    assert.deepEqual([exited()?.ending, exited()?.orphansLeft], [2, 1]);
  });

  it('a process that left the session and lost its parent is found by its marker', async () => {
    const leader: Program = async (context) => {
      context.fork((child) => {
        child.fork(hour, { newSession: true });
        return 0;
      });
      return await hour(context);
    };
    const { host, node, exited } = await run({ '/usr/bin/leader': leader }, {});
    const other = { id: 'b', argv: ['sleep', '900'] };
    await node.open(exec, { input: { case: 'start', value: other } });
    assert.equal(host.processes.running.length, 3);
    const call = await node.open(signal, { id: 'a', signal: 9 });
    assert.equal(call.messages[0]?.signaled, 2);
    await host.clock.advance(200);
    assert.deepEqual([exited()?.status.value, exited()?.ending], [9, 3]);
    assert.equal(host.processes.running.length, 1);
  });

  it('a signal reaches the whole process tree, or only its first process', async () => {
    let received = 0;
    const leader: Program = (context) => {
      context.onSignal(10, () => received++);
      context.fork(async (child) => {
        child.onSignal(10, () => received++);
        return await hour(child);
      });
      return hour(context);
    };
    const { node, exited } = await run({ '/usr/bin/leader': leader }, {});
    assert.equal((await node.open(signal, { id: 'a', signal: 10 })).messages[0]?.signaled, 2);
    assert.equal((await node.open(signal, { id: 'a', signal: 10, onlyLeader: true })).messages[0]?.signaled, 1);
    assert.equal(received, 3);
    assert.equal((await node.open(signal, { id: 'a', signal: 65 })).reason, 'INVALID_ARGUMENT');
    assert.equal((await node.open(signal, { id: 'z', signal: 9 })).reason, 'EXEC_NOT_FOUND');
    assert.equal(exited(), undefined);
  });

  it('an unrelated process that reuses a process id is not signalled', async () => {
    const { host, node } = await run({ '/usr/bin/quick': () => 0 }, {});
    const pid = 401;
    host.files.put(`/proc/${pid}/stat`, `${pid} (stranger) S 1 ${pid} ${pid} 0 -1`);
    host.files.put(`/proc/${pid + 1}/stat`, `${pid + 1} (its child) S ${pid} ${pid} ${pid} 0 -1`);
    assert.equal((await node.open(signal, { id: 'a', signal: 9 })).messages[0]?.signaled, 0);
  });

  it('process trees end with the agent: TERM first, then KILL', async () => {
    const leader: Program = (context) => {
      context.fork(stubborn);
      return stubborn(context);
    };
    const { host, agent } = await run({ '/usr/bin/leader': leader }, {});
    let over = false;
    agent.stop('stopping').then(
      () => (over = true),
      () => undefined,
    );
    await host.clock.advance(700);
    assert.equal(host.processes.running.length, 2);
    await host.clock.advance(300);
    await settle();
    assert.equal(host.processes.running.length, 0);
    assert.equal(over, true);
  });
});
