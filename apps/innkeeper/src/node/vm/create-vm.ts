import { randomBytes, randomUUID } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { hostClock } from '@innkeeper/agent-client';
import { OperationError } from '@innkeeper/contract';
import type { CreateVmRequest } from '@innkeeper/contract/control';
import { isCallerId } from '@innkeeper/contract/limits';
import { KeyedMutex, mib, withDeadline } from '@innkeeper/kit';
import type { OperationRow, VmRow } from '@innkeeper/store';
import { toOperationError } from '../../ports/failure.ts';
import { writeVmManifest } from '../data/manifest.ts';
import { storedPath } from '../data/stored-path.ts';
import { markFinished, markUnfinished } from '../data/unfinished.ts';
import { unknownAgentInstall } from '../images/agent-install.ts';
import { checkName } from '../names.ts';
import type { Node } from '../node.ts';
import type { OperationContext } from '../operations/running-operation.ts';
import { startAndWait } from './start-vm.ts';
import { newVmDriver } from './vm-driver.ts';
import type { VmRunner } from './vm-runner.ts';
import { checkCpus, checkMemory, checkTags, identityWords } from './vm-settings.ts';
import { diskPath } from './vm-spec.ts';

type Wanted = Pick<CreateVmRequest, 'name' | 'image' | 'cpus' | 'memoryBytes' | 'diskBytes' | 'tags' | 'start'> &
  Partial<Pick<CreateVmRequest, 'autostart' | 'id' | 'keepHostname' | 'freshIdentity'>>;

/** Two requests with one id at once: the second one finds what the first one began. */
const requestIds = new KeyedMutex();

/**
 * Creates a VM, and starts it if requested. Fails immediately with INVALID_NAME, INVALID_ARGUMENT, IMAGE_NOT_FOUND or
 * VM_NAME_TAKEN; after a later failure, everything is undone. If an operation with the request's id already creates this
 * VM, returns that operation; fails with OPERATION_ID_TAKEN if it does something else.
 */
export async function createVm(node: Node, wanted: Wanted): Promise<OperationRow> {
  const { id = '' } = wanted;
  if (id === '') return await beginCreate(node, wanted, randomUUID());
  if (!isCallerId(id)) throw invalid('id has 1 to 64 characters of A-Z, a-z, 0-9, "_" and "-".');
  return await requestIds.run(`${node.context.nodeId} ${id}`, async () => {
    const begun = await node.operations.find(id);
    if (begun === undefined) return await beginCreate(node, wanted, id);
    if (isSameCreate(node, wanted, begun)) return begun;
    throw new OperationError('OPERATION_ID_TAKEN', `The id "${id}" belongs to "${begun.kind}" of "${begun.target}".`);
  });
}

/** Whether an operation creates this VM, as far as that can be seen: a VM may be gone since. */
function isSameCreate(node: Node, wanted: Wanted, { kind, target, vm_id }: OperationRow): boolean {
  if (kind !== 'vm.create' || target !== wanted.name) return false;
  const made = node.find(vm_id)?.row;
  if (made === undefined) return true;
  const { image, cpus, memory_bytes, tags } = newRow(node, wanted, 0);
  const isSameDisk = wanted.diskBytes === 0n || Number(wanted.diskBytes) === made.disk_bytes;
  return (
    image === made.image && cpus === made.cpus && memory_bytes === made.memory_bytes && tags === made.tags && isSameDisk
  );
}

async function beginCreate(node: Node, wanted: Wanted, id: string): Promise<OperationRow> {
  checkName(wanted.name, 'a VM');
  const image = await node.images.get(wanted.image);
  const runner = await node.insert(newRow(node, wanted, image.virtual_bytes));
  runner.operationId = id;
  const work = (context: OperationContext): Promise<void> => make(node, runner, wanted.start, context);
  try {
    return await node.operations.start({ kind: 'vm.create', target: wanted.name, vmId: runner.row.id, work }, id);
  } catch (error) {
    await runner.dispatch({ type: 'create-failed', detail: toOperationError(error).message });
    throw error;
  }
}

async function make(node: Node, runner: VmRunner, start: boolean, context: OperationContext): Promise<void> {
  const { signal, stage } = context;
  const { folder, images } = node.context;
  const options = { signal, onStage: stage };
  try {
    try {
      const base = await node.images.ensureBase(runner.row.image, options);
      if (base.install.reason !== '') stage(`note: without the agent: ${base.install.detail}`);
      await runner.setRow({ agent: JSON.stringify(base.install), base_path: storedPath(folder, base.path) });
      stage('creating the disk');
      const vmFolder = folder.vmFolder(runner.row.id);
      await mkdir(vmFolder, { recursive: true, mode: 0o700 });
      await markUnfinished(vmFolder);
      const disk = diskPath(folder, runner.row.id);
      const sizeBytes = runner.row.disk_bytes;
      const overlay = { basePath: base.path, baseFormat: base.format, diskPath: disk, sizeBytes };
      const whyNot = await images.createOverlay(overlay, options);
      noteRoot(stage, whyNot ?? (await whyNotByAgent(node, runner.row, base.install.reason)));
      await writeVmManifest(vmFolder, { ...runner.row, state: 'stopped' });
      signal.throwIfAborted();
      await runner.dispatch({ type: 'created' });
      await markFinished(vmFolder);
    } catch (error) {
      await runner.dispatch({ type: 'create-failed', detail: toOperationError(error).message });
      const late = (): Error => toOperationError(error);
      await withDeadline({ timers: hostClock, timeoutMs: 30_000, late }, (signal) =>
        runner.until(() => runner.removed || runner.life.state !== 'deleting', signal),
      );
      throw error;
    }
    if (start) await startAndWait(runner, context);
  } finally {
    runner.operationId = '';
  }
}

/** Says that the root file system does not grow to a disk that is larger than its image. */
function noteRoot(stage: (text: string) => void, whyNot: string | undefined): void {
  if (whyNot === undefined) return;
  stage(
    `note: the root keeps its size, because ${whyNot}: enlarge it in the guest, such as with growpart and resize2fs`,
  );
}

/** The agent grows the root at the first boot. */
async function whyNotByAgent(node: Node, row: VmRow, missing: string): Promise<string | undefined> {
  if (missing === '' || row.disk_bytes <= (await node.images.get(row.image)).virtual_bytes) return undefined;
  return 'the agent is not in the image';
}

function newRow(node: Node, wanted: Wanted, imageBytes: number): VmRow {
  const cpus = checkCpus(wanted.cpus === 0 ? 1 : wanted.cpus);
  const memoryBytes = checkMemory(wanted.memoryBytes === 0n ? BigInt(256 * mib) : wanted.memoryBytes);
  if (wanted.diskBytes !== 0n && wanted.diskBytes < BigInt(imageBytes)) {
    throw invalid(`The disk cannot be smaller than the image, which has ${imageBytes} bytes.`);
  }
  if (wanted.diskBytes > BigInt(2 ** 46)) throw invalid('A disk can have at most 64 TiB.');
  return {
    id: freeId(node),
    name: wanted.name,
    state: 'creating',
    state_detail: '',
    image: wanted.image,
    cpus,
    memory_bytes: memoryBytes,
    disk_bytes: wanted.diskBytes === 0n ? imageBytes : Number(wanted.diskBytes),
    mac_address: macAddress(),
    tags: JSON.stringify(checkTags(wanted.tags)),
    driver: newVmDriver(node.context).name,
    record: null,
    agent: JSON.stringify(unknownAgentInstall),
    base_path: '',
    created_ms: Date.now(),
    started_ms: null,
    autostart: wanted.autostart === true ? 1 : 0,
    stopped_boot_id: '',
    identity: identityWords(wanted),
    node_id: node.context.nodeId,
  };
}

/** An id whose first 8 characters, which name the run folder, are unique among the VMs. */
function freeId(node: Node): string {
  const used = new Set(node.list().map((runner) => runner.row.id.slice(0, 8)));
  let id = randomUUID();
  while (used.has(id.slice(0, 8))) id = randomUUID();
  return id;
}

/** Random, unicast, locally administered. */
function macAddress(): string {
  const bytes = randomBytes(6);
  bytes[0] = ((bytes[0] ?? 0) & 0xfc) | 0x02;
  return [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join(':');
}

function invalid(message: string): OperationError {
  return new OperationError('INVALID_ARGUMENT', message);
}
