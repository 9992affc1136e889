import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { AgentState, VmState } from '@innkeeper/contract/control';
import { type Daemon, startDaemon } from './daemon.ts';
import { guestShell, startInGuest } from './guest-shell.ts';
import { innText } from './inn.ts';
import { cleanUp, clientOf, createTestVm, isConnected, say, waitForVm } from './vm-state.ts';

const mib = 1024 * 1024;
const hostile = 'test-hostile';
const other = 'test-other';
const port = '/dev/virtio-ports/org.innkeeper.agent.0';

describe('a misbehaving guest', () => {
  let daemon: Daemon;
  let options: { dataDirectory: string };
  let pid: number;

  before(async () => {
    daemon = await startDaemon();
    options = { dataDirectory: daemon.dataDirectory };
    pid = (await createTestVm(daemon, hostile, 'debian', 180_000, { cpus: 2 })).hypervisor?.pid ?? 0;
    await createTestVm(daemon, other, 'tiny', 120_000);
  });

  after(() => cleanUp(daemon, [hostile, other]));

  it('a VM whose hypervisor was stopped by a signal is shown as paused, and as connected when it continues', async () => {
    process.kill(pid, 'SIGSTOP');
    try {
      await watched(() => waitForVm(hostile, daemon.dataDirectory, ({ state }) => state === VmState.PAUSED, 60_000));
    } finally {
      process.kill(pid, 'SIGCONT');
    }
    await waitForVm(hostile, daemon.dataDirectory, isConnected, 60_000);
    assert.equal(await guestShell(hostile, 'echo back', options), 'back\n');
  });

  it('a guest that floods its console affects neither the daemon nor other VMs', async () => {
    const id = await innText(
      ['exec', '--detach', hostile, '--', 'sh', '-c', 'echo $$ > /run/flood; exec yes flood > /dev/ttyS0'],
      options,
    );
    assert.match(id, /^\w+\n$/);
    await watched(() => delay(8000));
    await guestShell(hostile, 'kill -9 $(cat /run/flood)', options);
    assert.equal(await guestShell(hostile, 'echo still here', options), 'still here\n');
  });

  for (const [what, writer] of [
    ['noise', 'cat /dev/urandom'],
    ['endless zeros', 'cat /dev/zero'],
    // The magic number, the largest length that fits into a header, and then an endless body.
    ['a frame that never ends', 'printf "QTX\\001\\377\\377\\377\\377"; tr "\\000" x < /dev/zero'],
  ] as const)
    it(`a guest that writes ${what} to the agent's port affects neither the daemon nor other VMs`, async () => {
      // The agent is killed during its session without a goodbye, and what it started keeps running: the writer has
      // its port now, and releases it at the end.
      const script = [
        'systemctl kill --kill-whom=main --signal=KILL innkeeper-agent.service',
        'systemctl stop innkeeper-agent.service',
        `timeout 10 sh -c '${writer}' > ${port}`,
        'systemctl start innkeeper-agent.service',
      ].join('; ');
      await startInGuest(hostile, script, options);
      await watched(async () => {
        await waitForVm(hostile, daemon.dataDirectory, isLost, 60_000);
        await delay(10_000);
      });
      const vm = await waitForVm(hostile, daemon.dataDirectory, isConnected, 90_000);
      assert.equal(vm.hypervisor?.pid, pid);
    });

  /** Checks that the daemon stays small and the other VM is served normally while `misbehave` runs. */
  async function watched(misbehave: () => Promise<unknown>): Promise<void> {
    const before = daemon.rssBytes();
    let peak = before;
    let slowestMs = 0;
    let over = false;
    const done = misbehave().finally(() => {
      over = true;
    });
    // Awaited below.
    done.catch(() => undefined);
    while (!over) {
      const from = performance.now();
      assert.equal(await guestShell(other, 'echo undisturbed', options), 'undisturbed\n');
      slowestMs = Math.max(slowestMs, performance.now() - from);
      peak = Math.max(peak, daemon.rssBytes());
      await delay(200);
    }
    await done;
    say(
      `the daemon had ${Math.round(before / mib)} MiB and then at most ${Math.round(peak / mib)}; the other VM answered within ${Math.round(slowestMs)} ms`,
    );
    assert.ok(peak - before < 64 * mib, `the daemon grew from ${before} to ${peak} bytes`);
    assert.ok(slowestMs < 5000, `the other VM was served after ${slowestMs} ms`);
    const { events } = await clientOf(daemon.dataDirectory).vms.listEvents({ vm: other, limit: 100 });
    assert.deepEqual(
      events.filter(({ kind }) => kind === 'agent.lost'),
      [],
    );
  }
});

function isLost(vm: { readonly agent?: { readonly state: AgentState } | undefined }): boolean {
  return vm.agent?.state === AgentState.LOST;
}
