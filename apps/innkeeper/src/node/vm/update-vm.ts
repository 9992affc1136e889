import { randomUUID } from 'node:crypto';
import { OperationError } from '@innkeeper/contract';
import type { UpdateVmRequest } from '@innkeeper/contract/control';
import type { VmRow } from '@innkeeper/store';
import { refuseAdopted } from '../adopted/refuse-adopted.ts';
import { checkName } from '../names.ts';
import type { Node } from '../node.ts';
import type { VmRunner } from './vm-runner.ts';
import { checkCpus, checkMemory, checkTags, type Tags } from './vm-settings.ts';

/** The settings to change; absent ones are unchanged. */
export type VmSettings = Partial<
  Pick<UpdateVmRequest, 'autostart' | 'name' | 'cpus' | 'memoryBytes' | 'tags' | 'removeTags'>
>;

/** Columns that the hypervisor and the guest were started with. */
type StoppedSettings = Partial<Pick<VmRow, 'name' | 'cpus' | 'memory_bytes'>>;

/**
 * Changes the given settings only: all of them, or none. Fails with VM_NOT_FOUND, INVALID_NAME, INVALID_ARGUMENT,
 * VM_NAME_TAKEN, and for settings that need a stopped VM with VM_WRONG_STATE or VM_BUSY.
 */
export async function updateVm(node: Node, vm: string, settings: VmSettings): Promise<void> {
  const runner = node.get(vm);
  const stopped = stoppedSettings(runner, settings);
  if (Object.keys(stopped).some((column) => column !== 'name') || settings.autostart !== undefined)
    refuseAdopted(runner, 'change');
  const change: Partial<VmRow> = { ...stopped };
  if (settings.autostart !== undefined) change.autostart = settings.autostart ? 1 : 0;
  const tags = changedTags(runner, settings);
  if (tags !== undefined) change.tags = JSON.stringify(checkTags(tags));
  if (Object.keys(change).length === 0) return;
  const { name: before } = runner.row;
  if (Object.keys(stopped).length === 0 || runner.isAdopted) await runner.setRow(change);
  else await whileStopped(runner, Object.keys(stopped), () => runner.setRow(change));
  if (change.name !== undefined) await node.note(runner, 'vm.renamed', `from ${before} to ${change.name}`);
  node.changes.emit(runner.row.id);
}

function stoppedSettings({ row }: VmRunner, { name, cpus, memoryBytes }: VmSettings): StoppedSettings {
  const change: StoppedSettings = {};
  if (name !== undefined && name !== row.name) change.name = checkName(name, 'a VM');
  if (cpus !== undefined && checkCpus(cpus) !== row.cpus) change.cpus = cpus;
  if (memoryBytes !== undefined && checkMemory(memoryBytes) !== row.memory_bytes) {
    change.memory_bytes = Number(memoryBytes);
  }
  return change;
}

/** The tags after the change; undefined if they stay the same. */
function changedTags({ row }: VmRunner, { tags = {}, removeTags = [] }: VmSettings): Tags | undefined {
  if (Object.keys(tags).length === 0 && removeTags.length === 0) return undefined;
  const removed = new Set(removeTags);
  const kept = Object.entries(JSON.parse(row.tags) as Tags).filter(([name]) => !removed.has(name));
  return Object.fromEntries([...kept, ...Object.entries(tags)]);
}

const words: Readonly<Record<string, string>> = { name: 'name', cpus: 'CPUs', memory_bytes: 'memory' };

/** Reserves a stopped VM, so that it does not start with half of the change. */
async function whileStopped(runner: VmRunner, columns: string[], work: () => Promise<void>): Promise<void> {
  const { name } = runner.row;
  const { state } = runner.life;
  if (state !== 'stopped' && state !== 'crashed') {
    const what = columns.map((column) => words[column] ?? column).join(', ');
    throw new OperationError('VM_WRONG_STATE', `"${name}" is ${state}; this needs a stopped VM: ${what}.`, {
      nextStep: `Stop it first: inn stop ${name}.`,
    });
  }
  if (runner.operationId !== '') {
    throw new OperationError('VM_BUSY', `The operation ${runner.operationId} is running on the VM "${name}".`);
  }
  const reserved = randomUUID();
  runner.operationId = reserved;
  try {
    await work();
  } finally {
    if (runner.operationId === reserved) runner.operationId = '';
  }
}
