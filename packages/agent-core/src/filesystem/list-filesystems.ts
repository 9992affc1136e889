import type { Host } from '../host.ts';
import { HostError } from '../host-error.ts';
import { canHang, decodeOctal, type MountEntry, parseEveryMount } from '../telemetry/parse-mounts.ts';
import { deviceNumberOf, loopImages } from './block-tree.ts';

/** Of /proc/self/mountinfo. */
const maxTableBytes = 4 * 1024 * 1024;
/** These are on disks, though their device number is the kernel's own. */
const onDisksOfTheirOwn = new Set(['btrfs', 'bcachefs', 'zfs']);
/** An overlay on an overlay on … */
const maxOverlays = 8;

/** A file system on a disk of the guest, with all its mounts. */
export interface DiskFilesystem {
  /** The mount to open: of its root if there is one, and a folder. */
  readonly entry: MountEntry;
  readonly others: readonly MountEntry[];
  readonly readOnly: boolean;
}

export interface Filesystems {
  /** In the order in which they are frozen: what is stored in a file of another one comes before that one. */
  readonly disks: readonly DiskFilesystem[];
  /** Not on a disk: in memory, on a server, or an overlay. */
  readonly rest: readonly { readonly entry: MountEntry; readonly storedOn: DiskFilesystem | undefined }[];
}

/**
 * The guest's file systems, by what lies on what.
 * @throws HostError E2BIG if there are more mounts than are read: a list without some could not be relied on
 */
export function listFilesystems(host: Host): Filesystems {
  const table = host.files.readNames('/proc/self/mountinfo', maxTableBytes);
  if (table.length >= maxTableBytes) throw new HostError('E2BIG', 'read', '/proc/self/mountinfo');
  const entries = parseEveryMount(table);
  const groups = new Map<string, MountEntry[]>();
  const rest: MountEntry[] = [];
  for (const entry of entries) {
    if (!isOnDisk(entry)) rest.push(entry);
    else groups.set(entry.deviceNumber, [...(groups.get(entry.deviceNumber) ?? []), entry]);
  }
  const byNumber = new Map([...groups].map(([number, group]) => [number, diskOf(host, group)]));
  const holderOf = (path: string, device?: string): DiskFilesystem | undefined => {
    const known = device === undefined ? undefined : byNumber.get(device);
    if (known !== undefined) return known;
    const number = deviceHolding(path, entries);
    return number === undefined ? undefined : byNumber.get(number);
  };
  return {
    disks: sortByBase(host, [...byNumber.values()], holderOf),
    rest: rest.map((entry) => ({ entry, storedOn: holderOfOverlay(entry, holderOf) })),
  };
}

function isOnDisk({ deviceNumber, filesystem }: MountEntry): boolean {
  return !deviceNumber.startsWith('0:') || onDisksOfTheirOwn.has(filesystem);
}

/** Containers mount single files: a folder is preferred, the root before others. */
function diskOf(host: Host, group: readonly MountEntry[]): DiskFilesystem {
  const ordered = [...group].sort((a, b) => Number(b.root === '/') - Number(a.root === '/'));
  const entry = ordered.find((each) => each.root === '/' || isFolder(host, each)) ?? ordered[0];
  if (entry === undefined) throw new Error('a group has no mounts');
  return {
    entry,
    others: group.filter((each) => each !== entry),
    readOnly: group.every(({ readOnly }) => readOnly),
  };
}

function isFolder(host: Host, { mountPoint, filesystem }: MountEntry): boolean {
  if (canHang(filesystem)) return false;
  try {
    return host.files.stat(mountPoint, false).type === 'directory';
  } catch {
    // ENOENT: unmounted meanwhile.
    return false;
  }
}

/** The device number of the file system that holds a path; of an overlay, the one that its changes are stored on. */
function deviceHolding(path: string, entries: readonly MountEntry[]): string | undefined {
  let wanted = path;
  for (let step = 0; step < maxOverlays; step++) {
    const entry = holding(wanted, entries);
    if (entry?.filesystem !== 'overlay') return entry?.deviceNumber;
    const upper = upperFolder(entry);
    if (upper === undefined) return undefined;
    wanted = upper;
  }
  return undefined;
}

function holding(path: string, entries: readonly MountEntry[]): MountEntry | undefined {
  let best: MountEntry | undefined;
  for (const entry of entries) {
    const { mountPoint } = entry;
    const holds = mountPoint === '/' || path === mountPoint || path.startsWith(`${mountPoint}/`);
    if (holds && mountPoint.length >= (best?.mountPoint.length ?? 0)) best = entry;
  }
  return best;
}

function upperFolder({ superblock }: MountEntry): string | undefined {
  const option = superblock.split(',').find((each) => each.startsWith('upperdir='));
  return option === undefined ? undefined : decodeOctal(option.slice('upperdir='.length));
}

function holderOfOverlay(
  entry: MountEntry,
  holderOf: (path: string) => DiskFilesystem | undefined,
): DiskFilesystem | undefined {
  const upper = entry.filesystem === 'overlay' ? upperFolder(entry) : undefined;
  return upper === undefined ? undefined : holderOf(upper);
}

/** What is mounted last comes first, unless something else lies on it. */
function sortByBase(
  host: Host,
  disks: readonly DiskFilesystem[],
  holderOf: (path: string, device?: string) => DiskFilesystem | undefined,
): DiskFilesystem[] {
  const above = new Map<DiskFilesystem, DiskFilesystem[]>();
  for (const disk of disks) {
    const { deviceNumber, device } = disk.entry;
    const number = deviceNumber.startsWith('0:') ? deviceNumberOf(host, device) : deviceNumber;
    for (const image of number === undefined ? [] : loopImages(host, number)) {
      const base = holderOf(image.path, image.device);
      if (base !== undefined) above.set(base, [...(above.get(base) ?? []), disk]);
    }
  }
  const sorted = new Set<DiskFilesystem>();
  const visiting = new Set<DiskFilesystem>();
  const visit = (disk: DiskFilesystem): void => {
    if (visiting.has(disk)) return;
    visiting.add(disk);
    for (const upper of above.get(disk) ?? []) visit(upper);
    sorted.add(disk);
  };
  for (const disk of [...disks].reverse()) visit(disk);
  return [...sorted];
}
