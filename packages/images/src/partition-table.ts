import type { RandomAccess } from './random-access.ts';

export interface Partition {
  readonly offsetBytes: number;
  readonly sizeBytes: number;
  /** GPT: the GUID, in lower case. MBR: two hex digits. */
  readonly type: string;
}

/** Partitions that firmware or boot loaders use. */
export const partitionTypes = {
  efiSystem: 'c12a7328-f81f-11d2-ba4b-00a0c93ec93b',
  biosBoot: '21686148-6449-6e6f-744e-656564454649',
} as const;

const sectorBytes = 512;
/** The number that GPT guarantees; further entries are ignored. */
const maxPartitions = 128;
/** Maximum length of a chain of logical partitions in an MBR, which also ends loops. */
const maxLogicalPartitions = 60;

/**
 * The partitions of a disk, in the order of its table; GPT, or MBR with logical partitions. Empty when there is no
 * table. The table is untrusted: partitions that are empty or extend beyond the disk are left out.
 */
export async function readPartitionTable(disk: RandomAccess): Promise<Partition[]> {
  const mbr = await disk.read(0, sectorBytes);
  if (mbr.length < sectorBytes || mbr.readUInt16LE(510) !== 0xaa55) return [];
  const entries = mbrEntries(mbr);
  const found = entries.some(({ type }) => type === 0xee) ? await readGpt(disk) : await readMbr(disk, entries);
  return found.filter(({ offsetBytes, sizeBytes }) => {
    const inside = Number.isSafeInteger(offsetBytes + sizeBytes) && offsetBytes + sizeBytes <= disk.sizeBytes;
    return offsetBytes >= sectorBytes && sizeBytes >= sectorBytes && inside;
  });
}

interface MbrEntry {
  readonly type: number;
  readonly firstSector: number;
  readonly sectors: number;
}

function mbrEntries(sector: Buffer): MbrEntry[] {
  return [446, 462, 478, 494].map((at) => ({
    type: sector.readUInt8(at + 4),
    firstSector: sector.readUInt32LE(at + 8),
    sectors: sector.readUInt32LE(at + 12),
  }));
}

function isExtended({ type }: MbrEntry): boolean {
  return type === 0x05 || type === 0x0f || type === 0x85;
}

function toPartition(entry: MbrEntry, base: number): Partition {
  return {
    offsetBytes: (base + entry.firstSector) * sectorBytes,
    sizeBytes: entry.sectors * sectorBytes,
    type: entry.type.toString(16).padStart(2, '0'),
  };
}

async function readMbr(disk: RandomAccess, entries: readonly MbrEntry[]): Promise<Partition[]> {
  const partitions: Partition[] = [];
  for (const entry of entries) {
    if (entry.type === 0) continue;
    if (isExtended(entry)) partitions.push(...(await readLogical(disk, entry.firstSector)));
    else partitions.push(toPartition(entry, 0));
  }
  return partitions;
}

async function readLogical(disk: RandomAccess, extendedStart: number): Promise<Partition[]> {
  const partitions: Partition[] = [];
  let at = extendedStart;
  for (let count = 0; count < maxLogicalPartitions; count++) {
    const sector = await disk.read(at * sectorBytes, sectorBytes);
    if (sector.length < sectorBytes || sector.readUInt16LE(510) !== 0xaa55) break;
    const [logical, next] = mbrEntries(sector);
    if (logical !== undefined && logical.type !== 0) partitions.push(toPartition(logical, at));
    if (next === undefined || !isExtended(next) || next.firstSector === 0) break;
    at = extendedStart + next.firstSector;
  }
  return partitions;
}

async function readGpt(disk: RandomAccess): Promise<Partition[]> {
  const lastSector = Math.floor(disk.sizeBytes / sectorBytes) - 1;
  // If the first header is damaged, the backup at the end of the disk is used.
  for (const sector of [1, lastSector]) {
    const partitions = await readGptAt(disk, sector);
    if (partitions !== undefined) return partitions;
  }
  return [];
}

async function readGptAt(disk: RandomAccess, sector: number): Promise<Partition[] | undefined> {
  const header = await disk.read(sector * sectorBytes, sectorBytes);
  if (header.length < sectorBytes || header.toString('latin1', 0, 8) !== 'EFI PART') return undefined;
  const tableSector = Number(header.readBigUInt64LE(72));
  const count = Math.min(header.readUInt32LE(80), maxPartitions);
  const entryBytes = header.readUInt32LE(84);
  if (entryBytes < 128 || entryBytes > 4096 || !Number.isSafeInteger(tableSector * sectorBytes)) return undefined;
  const table = await disk.read(tableSector * sectorBytes, count * entryBytes);
  const partitions: Partition[] = [];
  for (let at = 0; at + 128 <= table.length; at += entryBytes) {
    const unused = table.subarray(at, at + 16).every((byte) => byte === 0);
    if (unused) continue;
    const first = Number(table.readBigUInt64LE(at + 32));
    const last = Number(table.readBigUInt64LE(at + 40));
    const sizes = { offsetBytes: first * sectorBytes, sizeBytes: (last - first + 1) * sectorBytes };
    partitions.push({ ...sizes, type: guidOf(table.subarray(at, at + 16)) });
  }
  return partitions;
}

/** A GUID as text; its first three parts are little-endian on disk. */
function guidOf(bytes: Buffer): string {
  const hex = (from: number, to: number): string => bytes.toString('hex', from, to);
  const little = (from: number, to: number): string => Buffer.from(bytes.subarray(from, to)).reverse().toString('hex');
  return [little(0, 4), little(4, 6), little(6, 8), hex(8, 10), hex(10, 16)].join('-');
}
