import { crc32 } from 'node:zlib';
import { readExtSuperblock } from './ext-superblock.ts';
import { readPartitionTable } from './partition-table.ts';
import type { RandomAccess } from './random-access.ts';

/** Bytes to write to a disk. */
export interface DiskWrite {
  readonly offsetBytes: number;
  readonly bytes: Buffer;
}

/** What becomes of the root of a disk that is made larger. */
export type RootGrowth =
  /** The agent grows it at the first boot, after these writes to the partition table. */
  { readonly grows: true; readonly writes: readonly DiskWrite[] } | { readonly grows: false; readonly why: string };

const sectorBytes = 512;
/** Partitions end at a multiple of this, as tools for partitions have it. */
const alignSectors = 2048;
const maxMbrSectors = 0xffff_ffff;

/**
 * Plans how a disk with an ext root uses `newBytes`: the file system of a whole disk grows as it is; the last partition
 * is extended first, if it holds an ext file system. The table is untrusted.
 */
export async function planRootGrowth(disk: RandomAccess, newBytes: number): Promise<RootGrowth> {
  if ((await readExtSuperblock(disk, 0)) !== undefined) return { grows: true, writes: [] };
  const partitions = await readPartitionTable(disk);
  const last = [...partitions].sort((a, b) => b.offsetBytes - a.offsetBytes)[0];
  if (last === undefined) return { grows: false, why: 'the image has no ext file system and no partitions' };
  if ((await readExtSuperblock(disk, last.offsetBytes)) === undefined) {
    return { grows: false, why: 'the last partition of the image is not an ext file system' };
  }
  const writes = (await growGpt(disk, newBytes, last.offsetBytes)) ?? (await growMbr(disk, newBytes, last.offsetBytes));
  if (writes === undefined) {
    return { grows: false, why: 'the last partition is inside another one, or its table is damaged' };
  }
  return { grows: true, writes };
}

async function growGpt(disk: RandomAccess, newBytes: number, startBytes: number): Promise<DiskWrite[] | undefined> {
  const header = await disk.read(sectorBytes, sectorBytes);
  if (header.length < sectorBytes || header.toString('latin1', 0, 8) !== 'EFI PART') return undefined;
  const [headerBytes, count, entryBytes] = [header.readUInt32LE(12), header.readUInt32LE(80), header.readUInt32LE(84)];
  // A larger table does not fit before the first partition of any disk in use.
  if (headerBytes < 92 || headerBytes > sectorBytes || count > 1024 || entryBytes < 128 || entryBytes > 1024)
    return undefined;
  const tableAt = Number(header.readBigUInt64LE(72));
  const tableSectors = Math.ceil((count * entryBytes) / sectorBytes);
  if (tableAt !== 2 || crcOfHeader(header, headerBytes) !== header.readUInt32LE(16)) return undefined;
  const table = await disk.read(tableAt * sectorBytes, count * entryBytes);
  if (table.length < count * entryBytes || crc32(table) !== header.readUInt32LE(88)) return undefined;

  const lastSector = Math.floor(newBytes / sectorBytes) - 1;
  const lastUsable = lastSector - tableSectors - 1;
  for (let at = 0; at < table.length; at += entryBytes) {
    const isUsed = table.subarray(at, at + 16).some((byte) => byte !== 0);
    if (!isUsed || Number(table.readBigUInt64LE(at + 32)) * sectorBytes !== startBytes) continue;
    const end = Math.floor((lastUsable + 1) / alignSectors) * alignSectors - 1;
    if (end <= Number(table.readBigUInt64LE(at + 40))) return [];
    table.writeBigUInt64LE(BigInt(end), at + 40);
  }
  const headerAt = (place: { at: number; other: number; table: number }): Buffer => {
    const copy = Buffer.from(header);
    copy.writeBigUInt64LE(BigInt(place.at), 24);
    copy.writeBigUInt64LE(BigInt(place.other), 32);
    copy.writeBigUInt64LE(BigInt(lastUsable), 48);
    copy.writeBigUInt64LE(BigInt(place.table), 72);
    copy.writeUInt32LE(crc32(table), 88);
    copy.writeUInt32LE(crcOfHeader(copy, headerBytes), 16);
    return copy;
  };
  const padded = Buffer.alloc(tableSectors * sectorBytes);
  table.copy(padded);
  const protective = await disk.read(0, sectorBytes);
  for (const at of mbrEntries) {
    if (protective.readUInt8(at + 4) === 0xee) protective.writeUInt32LE(Math.min(lastSector, maxMbrSectors), at + 12);
  }
  const backupTable = lastSector - tableSectors;
  // The backup first: a table that was half written can be repaired from it.
  return [
    { offsetBytes: backupTable * sectorBytes, bytes: padded },
    { offsetBytes: lastSector * sectorBytes, bytes: headerAt({ at: lastSector, other: 1, table: backupTable }) },
    { offsetBytes: 0, bytes: protective },
    { offsetBytes: sectorBytes, bytes: Buffer.concat([headerAt({ at: 1, other: lastSector, table: 2 }), padded]) },
  ];
}

const mbrEntries = [446, 462, 478, 494];

async function growMbr(disk: RandomAccess, newBytes: number, startBytes: number): Promise<DiskWrite[] | undefined> {
  const mbr = await disk.read(0, sectorBytes);
  const isGpt = mbrEntries.some((at) => mbr.readUInt8(at + 4) === 0xee);
  const at = mbrEntries.find((entry) => mbr.readUInt32LE(entry + 8) * sectorBytes === startBytes);
  if (isGpt || at === undefined || mbr.readUInt8(at + 4) !== 0x83) return undefined;
  const [start, sectors] = [mbr.readUInt32LE(at + 8), mbr.readUInt32LE(at + 12)];
  const end = Math.floor(newBytes / sectorBytes / alignSectors) * alignSectors;
  const grown = Math.min(end - start, maxMbrSectors);
  if (grown <= sectors) return [];
  mbr.writeUInt32LE(grown, at + 12);
  return [{ offsetBytes: 0, bytes: mbr }];
}

function crcOfHeader(header: Buffer, headerBytes: number): number {
  const copy = Buffer.from(header.subarray(0, headerBytes));
  copy.writeUInt32LE(0, 16);
  return crc32(copy);
}
