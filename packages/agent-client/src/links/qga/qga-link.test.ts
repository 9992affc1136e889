import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { PowerServiceLite, TelemetryServiceLite } from '@innkeeper/contract/agent-lite';
import { until } from '@innkeeper/kit/testing';
import type { AgentLink } from '../../agent-link.ts';
import { linked } from './fake/linked-qga.ts';
import type { QgaModelOptions } from './fake/qga-model.ts';

const exec = (exited: (asked: number) => object): QgaModelOptions['answers'] => {
  let count = 0;
  return {
    'guest-exec': () => ({ return: { pid: 42 } }),
    'guest-exec-status': () => ({ return: exited(count++) }),
  };
};

async function lastEvent(link: AgentLink, spec: object = {}) {
  await using session = link.exec({ argv: ['true'], ...spec });
  let size = 0;
  for await (const { event } of session.events) {
    if (event.case === 'output') size += event.value.data.length;
    if (event.case === 'exited') return { exited: event.value, size };
  }
  throw new Error('no end');
}

describe('a link to a QGA agent', () => {
  it('is connected past answers to earlier clients, and holds the socket for one exchange', async () => {
    const stale = Buffer.from('77}\n{"return": {"pid": 162}}\n{"return": {"version": "evil"}}\n');
    await using one = await linked({ stale });
    assert.ok(one.link.state.state === 'connected');
    assert.equal(one.link.state.welcome.agentVersion, 'qemu-ga 10.2.0');
    await until(() => one.model.clients === 0);
  });

  it('has no figure that the agent does not report', async () => {
    await using one = await linked();
    const report = one.reports[0];
    assert.deepEqual(
      [report?.cpu, report?.memory, report?.load, report?.uptimeSeconds, report?.mounts],
      [undefined, undefined, undefined, undefined, []],
    );
  });

  it('lacks what the guest’s configuration turns off, and says so', async () => {
    await using one = await linked({ answers: exec(() => ({ exited: true, exitcode: 0 })), disabled: ['guest-exec'] });
    assert.ok(!one.link.capabilities.has('exec'));
    await assert.rejects(lastEvent(one.link), {
      reason: 'UNSUPPORTED_BY_AGENT',
      message: /turns off guest-exec.*"exec"/,
    });
    assert.ok(!one.model.asked.some(({ command }) => command === 'guest-exec'));
  });

  it('polls a command until it has ended, with growing pauses, and asks for its status no more after that', async () => {
    const times: number[] = [];
    const answers = exec((asked) => {
      times.push(performance.now());
      return asked < 5 ? { exited: false } : { exited: true, exitcode: 7 };
    });
    await using one = await linked({ answers }, { sampleMs: 60_000 });
    const { exited } = await lastEvent(one.link);
    assert.deepEqual(exited.status, { case: 'exitCode', value: 7 });
    assert.equal(times.length, 6);
    const pauses = times.slice(1).map((time, index) => time - (times[index] ?? 0));
    assert.ok((pauses.at(-1) ?? 0) > (pauses[0] ?? 0) * 1.5, `${pauses}`);
  });

  it('takes 16 MiB of output with a false out-truncated for truncated, as old versions mean it', async () => {
    const full = Buffer.alloc(16 * 1024 * 1024, 'x').toString('base64');
    const answers = exec(() => ({ exited: true, exitcode: 0, 'out-data': full, 'out-truncated': false }));
    await using one = await linked({ answers }, { sampleMs: 60_000 });
    const { exited, size } = await lastEvent(one.link);
    assert.deepEqual([size, exited.truncated], [16 * 1024 * 1024, true]);
  });

  it('does not take less output with a false out-truncated for truncated', async () => {
    const answers = exec(() => ({ exited: true, exitcode: 0, 'out-data': 'eHg=', 'out-truncated': false }));
    await using one = await linked({ answers }, { sampleMs: 60_000 });
    const { exited, size } = await lastEvent(one.link);
    assert.deepEqual([size, exited.truncated], [2, false]);
  });

  it('takes silence after a shutdown for its success, and an error for its failure', async () => {
    const answer: { return: unknown } | { error: { class: string; desc: string } } = { return: undefined };
    const answers = { 'guest-shutdown': () => answer };
    await using one = await linked({ answers }, { sampleMs: 60_000 });
    assert.equal((await one.link.call(PowerServiceLite.shutdown, { mode: 2 })).method, 'guest-shutdown');
    assert.deepEqual(one.model.asked.at(-1), { command: 'guest-shutdown', given: { mode: 'reboot' } });
    await assert.rejects(one.link.call(PowerServiceLite.shutdown, { delaySeconds: 60 }), { message: /"power.more"/ });
  });

  it('is lost when the agent stops making sense, and found again', async () => {
    let isMad = false;
    await using one = await linked({
      instead: (command) => (isMad && command === 'guest-ping' ? Buffer.from('?\n') : undefined),
    });
    const states: string[] = [];
    one.link.onState(({ state }) => states.push(state));
    isMad = true;
    await until(() => states.includes('lost'));
    isMad = false;
    await until(() => states.at(-1) === 'connected');
  });
});

describe('a hostile QGA agent', () => {
  const hostile: readonly (readonly [string, Buffer, string])[] = [
    ['garbage', Buffer.from('garbage\n'), 'GUEST_MISBEHAVES'],
    ['an answer without a value', Buffer.from('{}\n'), 'GUEST_MISBEHAVES'],
    ['an endless line', Buffer.alloc(8 * 1024 * 1024, 'x'), 'GUEST_MISBEHAVES'],
    ['a pid that is text', Buffer.from('{"return": {"pid": "x"}}\n'), 'GUEST_MISBEHAVES'],
    ['a huge pid', Buffer.from('{"return": {"pid": 1e300}}\n'), 'GUEST_MISBEHAVES'],
    ['a pid of more than 31 bits', Buffer.from('{"return": {"pid": 3000000000}}\n'), 'GUEST_MISBEHAVES'],
  ];
  for (const [what, answer, reason] of hostile)
    it(`that answers guest-exec with ${what} is ${reason}`, async () => {
      await using one = await linked({
        answers: exec(() => ({ exited: true, exitcode: 0 })),
        instead: (command) => (command === 'guest-exec' ? answer : undefined),
      });
      await assert.rejects(lastEvent(one.link), { reason });
      // The next exchange begins afresh.
      assert.equal((await one.link.ping()).agentVersion, 'qemu-ga 10.2.0');
    });

  it('that returns more output than it may is GUEST_MISBEHAVES', async () => {
    const answers = exec(() => ({ exited: true, exitcode: 0, 'out-data': 'A'.repeat(24 * 1024 * 1024) }));
    await using one = await linked({ answers });
    await assert.rejects(lastEvent(one.link), { reason: 'GUEST_MISBEHAVES' });
  });

  it('that answers a sync with other numbers, or without end, is never connected, in bounded time and memory', async () => {
    const chunk = Buffer.from('\xff{"return": 1}\n'.repeat(1000), 'latin1');
    await using one = await linked(
      { instead: (command) => (command === 'guest-sync-delimited' ? chunk : undefined) },
      { isConnected: false },
    );
    await assert.rejects(one.link.call(TelemetryServiceLite.getSystem, {}, { timeoutMs: 500 }), {
      reason: 'AGENT_UNREACHABLE',
    });
    assert.equal(one.link.state.state, 'waiting');
  });

  it('that sends lists of anything leaves figures absent', async () => {
    const answers = {
      'guest-get-fsinfo': () => ({
        return: [1, null, [], {}, { mountpoint: 5, 'used-bytes': -1, 'total-bytes': 'x' }],
      }),
      'guest-network-get-interfaces': () => ({
        return: [{ name: 7, 'ip-addresses': [null, { 'ip-address': 3 }] }, 'x'],
      }),
      'guest-get-users': () => ({ return: [{ user: {}, 'login-time': Number.MAX_VALUE }] }),
    };
    await using one = await linked({ answers });
    assert.deepEqual(
      one.reports[0]?.mounts.map(({ usedBytes }) => usedBytes),
      [undefined, undefined],
    );
    assert.equal(one.link.state.state, 'connected');
  });
});
