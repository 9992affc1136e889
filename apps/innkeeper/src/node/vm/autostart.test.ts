import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createDeferred } from '@innkeeper/kit';
import { done, succeed, timeout, wanted, withImage } from '../fake/operate.ts';
import { startTestNode, type TestNode, testHost } from '../fake/test-node.ts';
import { autostartVms } from './autostart.ts';
import { createVm } from './create-vm.ts';
import { updateVm } from './update-vm.ts';
import { vmMessage } from './vm-message.ts';
import { killVm, startVm, stopVm } from './vm-operations.ts';

/** Creates stopped VMs with autostart. */
async function withVms(test: TestNode, names: readonly string[]): Promise<void> {
  for (const name of names)
    await succeed(test, createVm(test.node, { ...wanted, name, start: false, autostart: true }));
}

async function autostart({ node }: TestNode): Promise<void> {
  await using all = autostartVms(node);
  await all.done;
}

function running({ node }: TestNode): string[] {
  return node
    .list()
    .filter((runner) => runner.running !== undefined)
    .map(({ row }) => row.name)
    .sort();
}

async function eventsOf({ node }: TestNode, kind: string): Promise<string[]> {
  const events = await node.context.store.events.list(undefined, 100);
  return events
    .filter((event) => event.kind === kind)
    .map(({ vm_id, message }) => `${node.get(vm_id).row.name}: ${message}`)
    .reverse();
}

/** A launch that hangs. */
function untilAborted(signal: AbortSignal | undefined): Promise<void> {
  return new Promise((_, reject) => signal?.addEventListener('abort', () => reject(signal.reason)));
}

describe('autostart', () => {
  it('autostart starts marked VMs that are not running, in order of name, each with an event', async () => {
    await using at = await testHost();
    const test = await withImage(at.folder, at.host);
    await withVms(test, ['b', 'c', 'a']);
    await succeed(test, createVm(test.node, { ...wanted, name: 'unmarked', start: false }));
    await updateVm(test.node, 'c', { autostart: false });
    await updateVm(test.node, 'c', {});
    assert.deepEqual(
      ['a', 'c'].map((name) => vmMessage(test.node.get(name)).autostart),
      [true, false],
    );
    await autostart(test);
    assert.deepEqual(running(test), ['a', 'b']);
    const started = ['a', 'b'].map((name) => `${name}: Started with the daemon.`);
    assert.deepEqual(await eventsOf(test, 'vm.autostarted'), started);
    await autostart(test);
    assert.deepEqual(await eventsOf(test, 'vm.autostarted'), started);
    await test.stop();
  });

  it('autostart skips VMs that were stopped, killed or shut down from inside, until the host reboots', async () => {
    await using at = await testHost();
    const first = await withImage(at.folder, at.host);
    await withVms(first, ['again', 'crashed', 'killed', 'off', 'stopped']);
    await autostart(first);
    assert.equal(running(first).length, 5);
    await succeed(first, stopVm(first.node, 'stopped', 60_000));
    await succeed(first, stopVm(first.node, 'again', 60_000));
    await succeed(first, startVm(first.node, 'again'));
    await succeed(first, killVm(first.node, 'killed'));
    const machine = (name: string) => at.host.machine(first.node.get(name).row.id);
    machine('off')?.pressPowerButton();
    machine('crashed')?.kill();
    await first.node.get('off').until(() => first.node.get('off').life.state === 'stopped', timeout);
    await first.node.get('crashed').until(() => first.node.get('crashed').life.state === 'crashed', timeout);
    machine('again')?.kill();
    await first.node.get('again').until(() => first.node.get('again').life.state === 'crashed', timeout);
    await first.stop();

    const sameBoot = await startTestNode(at.folder, at.host);
    await autostart(sameBoot);
    assert.deepEqual(running(sameBoot), ['again', 'crashed']);
    await sameBoot.stop();

    const nextBoot = await startTestNode(at.folder, at.host, { hostBootId: 'second-boot' });
    await autostart(nextBoot);
    assert.deepEqual(running(nextBoot), ['again', 'crashed', 'killed', 'off', 'stopped']);
    await nextBoot.stop();
  });

  it('autostart records why a VM failed to start, and starts the others', async () => {
    await using at = await testHost();
    const bad = 'b';
    const test = await withImage(at.folder, at.host, {
      driver: { failLaunch: ({ name }) => (name === bad ? 'no such CPU' : undefined) },
    });
    await withVms(test, ['a', bad, 'c']);
    await autostart(test);
    assert.deepEqual(running(test), ['a', 'c']);
    const [failure, ...others] = await eventsOf(test, 'vm.autostart-failed');
    assert.match(failure ?? '', /^b: HYPERVISOR_FAILED: .*no such CPU/);
    assert.deepEqual(others, []);
    await test.stop();
  });

  it('autostart ends with the daemon, and the next daemon starts the VM whose start was interrupted', async () => {
    await using at = await testHost();
    const launching = createDeferred<void>();
    const test = await withImage(at.folder, at.host, {
      driver: {
        beforeLaunch: (signal) => {
          launching.resolve();
          return untilAborted(signal);
        },
      },
    });
    await withVms(test, ['a', 'b']);
    const begun = autostartVms(test.node);
    await launching.promise;
    await begun[Symbol.asyncDispose]();
    await test.stop();

    const next = await startTestNode(at.folder, at.host);
    assert.deepEqual(running(next), []);
    assert.deepEqual(await eventsOf(next, 'vm.autostart-failed'), []);
    await autostart(next);
    assert.deepEqual(running(next), ['a', 'b']);
    await next.stop();
  });

  it('autostart skips a VM whose start a user cancelled', async () => {
    await using at = await testHost();
    const test = await withImage(at.folder, at.host, { driver: { beforeLaunch: untilAborted } });
    await withVms(test, ['a']);
    const begun = await startVm(test.node, 'a');
    await test.operations.cancel(begun.id);
    assert.equal((await done(test, Promise.resolve(begun))).state, 'canceled');
    await test.stop();
    const next = await startTestNode(at.folder, at.host);
    await autostart(next);
    assert.deepEqual(running(next), []);
    await next.stop();
  });
});
