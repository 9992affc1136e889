import { setTimeout as delay } from 'node:timers/promises';
import type { MessageInitShape } from '@bufbuild/protobuf';
import type { Vm, WatchVmsEventSchema } from '@innkeeper/contract/control';
import { Notifier } from '@innkeeper/kit';
import type { Viewer } from '../access/viewer.ts';
import type { NodeApi } from '../ports/node-api.ts';

type VmsEvent = MessageInitShape<typeof WatchVmsEventSchema>;

/** Minimum interval between two events, so that a busy VM costs a watcher no more than a quiet one. */
const watchIntervalMs = 250;

/** Yields the VM now and after each change, until it is deleted. Fails with VM_NOT_FOUND. */
export async function* watchVm(node: NodeApi, idOrName: string, signal: AbortSignal): AsyncGenerator<Vm> {
  const vm = node.vms.find(idOrName);
  const changed = new SlowChanges();
  const stop = vm.onChange(() => changed.raise());
  try {
    while (node.vms.list().some(({ id }) => id === vm.id)) {
      yield vm.describe();
      await changed.next(signal);
    }
  } finally {
    stop();
  }
}

/** Yields every VM that the viewer may see, then `synced`, then each one that changes or is deleted. */
export async function* watchVms(node: NodeApi, viewer: Viewer, signal: AbortSignal): AsyncGenerator<VmsEvent> {
  const changed = new SlowChanges();
  // At most one entry per VM, however often it changes before it is sent.
  const changedIds = new Set<string>();
  // A viewer who never saw a VM is not notified of its deletion.
  const shownIds = new Set<string>();
  const stop = node.vms.onChange((id) => {
    changedIds.add(id);
    changed.raise();
  });
  try {
    for (const vm of node.vms.list().map((each) => each.describe())) {
      if (!viewer.sees(vm)) continue;
      shownIds.add(vm.id);
      yield { event: { case: 'vm', value: vm } };
    }
    yield { event: { case: 'synced', value: true } };
    for (;;) {
      await changed.next(signal);
      const ids = [...changedIds];
      changedIds.clear();
      const vms = new Map(node.vms.list().map((vm) => [vm.id, vm]));
      for (const id of ids) {
        const vm = vms.get(id)?.describe();
        if (vm !== undefined && viewer.sees(vm)) {
          shownIds.add(id);
          yield { event: { case: 'vm', value: vm } };
        } else if (shownIds.delete(id)) yield { event: { case: 'deletedId', value: id } };
      }
    }
  } finally {
    stop();
  }
}

/** Remembers that something changed until somebody looks. Changes between two looks are one. */
class SlowChanges {
  readonly #changes = new Notifier();
  #isRaised = false;

  raise(): void {
    this.#isRaised = true;
    this.#changes.notify();
  }

  /** Resolves when there was a change since the last one, and the interval is over. Rejects with the signal's reason. */
  async next(signal: AbortSignal): Promise<void> {
    await delay(watchIntervalMs, undefined, { signal });
    await this.#changes.until(() => this.#isRaised, signal);
    this.#isRaised = false;
  }
}
