import type { MessageInitShape } from '@bufbuild/protobuf';
import type { CpuTimesSchema, ListHardwareResponseSchema, SetHardwareRequest } from '@innkeeper/contract/agent';
import { HardwareKind } from '@innkeeper/contract/agent-lite';
import { OperationError } from '@innkeeper/contract/errors';
import { maxHardwareIds } from '@innkeeper/contract/limits';
import type { Host } from '../host.ts';
import { isHostError } from '../host-error.ts';
import { readTrimmed } from '../telemetry/read-trimmed.ts';
import { withoutUndefined } from '../telemetry/without-undefined.ts';

interface Unit {
  readonly id: number;
  readonly online: boolean;
  readonly fixed: boolean;
  readonly times?: MessageInitShape<typeof CpuTimesSchema>;
}

const maxUnits = 4096;
const maxStatBytes = 512 * 1024;
const changeTimeoutMs = 30_000;
/** Memory that must be available beside what goes off line. */
const spareBytes = 64 * 1024 * 1024;

/** The CPUs or blocks of memory of the guest. @throws OperationError INVALID_ARGUMENT */
export function listHardware(
  host: Host,
  kind: SetHardwareRequest['kind'],
): MessageInitShape<typeof ListHardwareResponseSchema> {
  const units = unitsOf(host, nameOf(kind));
  if (kind === HardwareKind.CPU) return { units: withTimes(host, units) };
  const blockBytes = blockSize(host);
  return blockBytes === undefined ? { units } : { units, blockBytes };
}

/** /proc/stat counts in clock ticks, in rows of those CPUs that are on line. */
function withTimes(host: Host, units: readonly Unit[]): Unit[] {
  const rows = new Map<number, readonly bigint[]>();
  const msPerTick = BigInt(Math.round(1000 / host.system.clockTicksPerSecond));
  for (const [, id = '', ticks = ''] of (readTrimmed(host, '/proc/stat', maxStatBytes) ?? '').matchAll(
    /^cpu(\d+) (.+)$/gm,
  ))
    rows.set(
      Number(id),
      ticks
        .trim()
        .split(/ +/)
        .map((each) => (/^\d{1,18}$/.test(each) ? BigInt(each) * msPerTick : 0n)),
    );
  return units.map((unit) => {
    const [userMs, niceMs, systemMs, idleMs, iowaitMs, irqMs, softirqMs, stealMs, guestMs, guestNiceMs] =
      rows.get(unit.id) ?? [];
    if (userMs === undefined || niceMs === undefined || systemMs === undefined || idleMs === undefined) return unit;
    const later = withoutUndefined({ iowaitMs, irqMs, softirqMs, stealMs, guestMs, guestNiceMs });
    return { ...unit, times: { userMs, niceMs, systemMs, idleMs, ...later } };
  });
}

/** @throws OperationError INVALID_ARGUMENT, HARDWARE_REFUSED */
export async function setHardware(
  host: Host,
  { kind, ids, online }: SetHardwareRequest,
): Promise<MessageInitShape<typeof ListHardwareResponseSchema>> {
  const name = nameOf(kind);
  if (ids.length === 0 || ids.length > maxHardwareIds)
    throw new OperationError('INVALID_ARGUMENT', `ids must have 1 to ${maxHardwareIds} numbers.`);
  const units = new Map(unitsOf(host, name).map((unit) => [unit.id, unit]));
  const changed: string[] = [];
  const refuse = (id: number, why: string): never => {
    const before = changed.length === 0 ? '' : ` Before it, ${changed.join(', ')} changed.`;
    throw new OperationError('HARDWARE_REFUSED', `${name}${id}: ${why}.${before}`);
  };
  for (const id of ids) {
    const unit = units.get(id) ?? refuse(id, 'there is none of this number');
    if (unit.online === online) continue;
    if (!online) {
      if (unit.fixed === true || (kind === HardwareKind.CPU && id === 0)) refuse(id, 'it always stays on line');
      if ([...units.values()].filter((each) => each.online).length < 2) refuse(id, 'it is the last one on line');
      if (kind === HardwareKind.MEMORY && !hasRoom(host)) refuse(id, 'the rest has no room for what is in it');
    }
    try {
      await host.files.writeInHelper(`${folderOf(name)}/${name}${id}/online`, online ? '1' : '0', changeTimeoutMs);
    } catch (error) {
      if (!isHostError(error)) throw error;
      refuse(id, `the kernel answers ${error.errno}`);
    }
    units.set(id, { ...unit, online });
    changed.push(`${name}${id}`);
  }
  return listHardware(host, kind);
}

/** Of memory; undefined if the kernel does not say. */
function blockSize(host: Host): bigint | undefined {
  const text = readTrimmed(host, '/sys/devices/system/memory/block_size_bytes') ?? '';
  return /^[\da-f]{1,16}$/i.test(text) ? BigInt(`0x${text}`) : undefined;
}

function nameOf(kind: SetHardwareRequest['kind']): string {
  if (kind === HardwareKind.CPU) return 'cpu';
  if (kind === HardwareKind.MEMORY) return 'memory';
  throw new OperationError('INVALID_ARGUMENT', 'kind must be CPU or MEMORY.');
}

function folderOf(name: string): string {
  return `/sys/devices/system/${name}`;
}

function unitsOf(host: Host, name: string): Unit[] {
  const units: Unit[] = [];
  for (const entry of namesIn(host, folderOf(name))) {
    const id = entry.startsWith(name) ? entry.slice(name.length) : '';
    if (!/^\d{1,9}$/.test(id)) continue;
    // The first CPU has no such file on most machines.
    const text = readTrimmed(host, `${folderOf(name)}/${entry}/online`);
    units.push({ id: Number(id), online: text !== '0', fixed: text === undefined });
  }
  return units.sort((a, b) => a.id - b.id);
}

function namesIn(host: Host, folder: string): string[] {
  try {
    return host.files.readDirectory(folder, maxUnits);
  } catch {
    // ENOENT: this kernel cannot do it for this kind.
    return [];
  }
}

/** Whether the available memory takes another block's contents. */
function hasRoom(host: Host): boolean {
  const block = Number(blockSize(host) ?? 0n);
  const kib = Number(/^MemAvailable: +(\d+)/m.exec(host.files.readText('/proc/meminfo', 4096))?.[1] ?? 0);
  return kib * 1024 > block + spareBytes;
}
