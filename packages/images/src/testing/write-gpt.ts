import { crc32 } from 'node:zlib';

/** Offset and size in bytes; the type's GUID as it is on disk, in hex. */
export interface TestPartition {
  readonly offset: number;
  readonly size: number;
  readonly type: string;
}

export const linuxType = 'af3dc60f838472478e793d69d8477de4';
export const efiSystemType = '28732ac11ff8d211ba4b00a0c93ec93b';
export const biosBootType = '4861682149646f6e744e656564454649';

const sector = 512;
const entryBytes = 128;
const entries = 128;
/** Sectors that the table of entries takes. */
const tableSectors = (entries * entryBytes) / sector;

/** Writes a GPT with its backup and a protective MBR to a disk. */
export function writeGpt(disk: Buffer, partitions: readonly TestPartition[]): void {
  const last = disk.length / sector - 1;
  disk.fill(0, 0, (2 + tableSectors) * sector);
  disk.writeUInt8(0xee, 446 + 4);
  disk.writeUInt32LE(1, 446 + 8);
  disk.writeUInt32LE(last, 446 + 12);
  disk.writeUInt16LE(0xaa55, 510);
  const table = Buffer.alloc(entries * entryBytes);
  for (const [index, { offset, size, type }] of partitions.entries()) {
    const at = index * entryBytes;
    table.write(type, at, 'hex');
    table.fill(0x42 + index, at + 16, at + 32);
    table.writeBigUInt64LE(BigInt(offset / sector), at + 32);
    table.writeBigUInt64LE(BigInt((offset + size) / sector - 1), at + 40);
  }
  writeHeader(disk, table, { at: 1, other: last, tableAt: 2 });
  writeHeader(disk, table, { at: last, other: 1, tableAt: last - tableSectors });
}

function writeHeader(disk: Buffer, table: Buffer, place: { at: number; other: number; tableAt: number }): void {
  const last = disk.length / sector - 1;
  const header = Buffer.alloc(sector);
  header.write('EFI PART', 0, 'latin1');
  header.writeUInt32LE(0x10000, 8);
  header.writeUInt32LE(92, 12);
  header.writeBigUInt64LE(BigInt(place.at), 24);
  header.writeBigUInt64LE(BigInt(place.other), 32);
  header.writeBigUInt64LE(BigInt(2 + tableSectors), 40);
  header.writeBigUInt64LE(BigInt(last - tableSectors - 1), 48);
  header.fill(0x11, 56, 72);
  header.writeBigUInt64LE(BigInt(place.tableAt), 72);
  header.writeUInt32LE(entries, 80);
  header.writeUInt32LE(entryBytes, 84);
  header.writeUInt32LE(crc32(table), 88);
  header.writeUInt32LE(crc32(header.subarray(0, 92)), 16);
  table.copy(disk, place.tableAt * sector);
  header.copy(disk, place.at * sector);
}
