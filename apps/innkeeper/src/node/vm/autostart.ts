import { readFile } from 'node:fs/promises';
import { judgeVmAction, OperationError, type WireError } from '@innkeeper/contract';
import { errorMessage } from '@innkeeper/kit';
import type { OperationRow } from '@innkeeper/store';
import { toOperationError } from '../../ports/failure.ts';
import type { Node } from '../node.ts';
import { startVm } from './vm-operations.ts';
import type { VmRunner } from './vm-runner.ts';

/** The autostart of a daemon. After dispose no further VM is started; a start in progress belongs to its operation. */
export interface Autostart extends AsyncDisposable {
  /** Resolves when every start was attempted. Never rejects. */
  readonly done: Promise<void>;
}

/** The host's boot id. */
export async function readHostBootId(): Promise<string> {
  return (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim();
}

/**
 * Starts the VMs with autostart that are not running, one after the other in order of name, except for those that a user
 * stopped since the host booted. A failed start is recorded as an event with the reason, and the next VM is started.
 */
export function autostartVms(node: Node): Autostart {
  const ended = new AbortController();
  const done = startAll(node, ended.signal);
  return {
    done,
    [Symbol.asyncDispose]: async () => {
      ended.abort();
      await done;
    },
  };
}

async function startAll(node: Node, signal: AbortSignal): Promise<void> {
  const names = node
    .list()
    .filter((runner) => isDue(node, runner))
    .map(({ row }) => row.name)
    .sort();
  for (const name of names) {
    if (signal.aborted) return;
    const runner = node.find(name);
    // Somebody else started it.
    if (runner === undefined || runner.operationId !== '' || !isDue(node, runner)) continue;
    try {
      const { id } = await startVm(node, runner.row.id);
      failWith(await node.operations.finished(id, signal));
      await record(node, runner, 'vm.autostarted', 'Started with the daemon.');
    } catch (error) {
      if (signal.aborted) return;
      const { reason, message, nextStep } = toOperationError(error);
      await record(node, runner, 'vm.autostart-failed', `${reason}: ${message} ${nextStep}`.trim());
    }
  }
}

function isDue(node: Node, { row, life }: VmRunner): boolean {
  if (row.autostart === 0 || row.stopped_boot_id === node.context.hostBootId) return false;
  return judgeVmAction(life.state, 'start') === 'legal';
}

/** Throws the error of an operation that did not succeed. */
function failWith({ state, error }: OperationRow): void {
  if (state === 'succeeded') return;
  throw OperationError.fromWire(JSON.parse(error ?? '{}') as WireError, { message: `The operation was ${state}.` });
}

async function record(node: Node, { row }: VmRunner, kind: string, message: string): Promise<void> {
  const { store, log, nodeId } = node.context;
  log.info(kind, { vm: row.name, message });
  try {
    const event = { time_ms: Date.now(), vm_id: row.id, kind, message: message.slice(0, 1000) };
    await store.events.insert({ ...event, node_id: nodeId });
  } catch (error) {
    log.error('history.not-written', { message: errorMessage(error) });
  }
}
