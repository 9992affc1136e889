import { kib } from '@innkeeper/kit';
import type { RandomAccess } from './random-access.ts';

/** The used fields of an ext2, ext3 or ext4 superblock. The guest wrote it, so every number is untrusted. */
export interface ExtSuperblock {
  readonly blockBytes: number;
  readonly blocks: number;
  readonly freeBlocks: number;
  readonly freeInodes: number;
  /** The journal has changes that are not yet in the file system. */
  readonly needsRecovery: boolean;
  /** It was unmounted without errors, and no deleted inode is waiting to be freed. */
  readonly isClean: boolean;
  /** It is the external journal of another file system. */
  readonly isJournalDevice: boolean;
}

/** Reads the superblock of the file system at `offsetBytes`; undefined when there is none. */
export async function readExtSuperblock(disk: RandomAccess, offsetBytes: number): Promise<ExtSuperblock | undefined> {
  const block = await disk.read(offsetBytes + kib, kib);
  if (block.length < kib || block.readUInt16LE(0x38) !== 0xef53) return undefined;
  const logBlockSize = block.readUInt32LE(0x18);
  if (logBlockSize > 6) return undefined;
  const incompatible = block.readUInt32LE(0x60);
  const has64Bits = (incompatible & 0x80) !== 0;
  const high = (at: number): number => (has64Bits ? block.readUInt32LE(at) * 2 ** 32 : 0);
  const state = block.readUInt16LE(0x3a);
  return {
    blockBytes: kib << logBlockSize,
    blocks: block.readUInt32LE(0x04) + high(0x150),
    freeBlocks: block.readUInt32LE(0x0c) + high(0x158),
    freeInodes: block.readUInt32LE(0x10),
    needsRecovery: (incompatible & 0x4) !== 0,
    isClean: (state & 0x3) === 1 && block.readUInt32LE(0xe8) === 0,
    isJournalDevice: (incompatible & 0x8) !== 0,
  };
}
