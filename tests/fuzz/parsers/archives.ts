import assert from 'node:assert/strict';
import { crc32 } from 'node:zlib';
import {
  isMalformedTarError,
  isUnsafeTarError,
  leftOutHeader,
  safeTar,
  type TarItem,
  TarParser,
  tarHeader,
} from '@innkeeper/tar';
import { readExtSuperblock } from '../../../packages/images/src/ext-superblock.ts';
import { foreignFormat, headBytes, tailBytes } from '../../../packages/images/src/foreign-format.ts';
import { foreignRoot, needsUefi } from '../../../packages/images/src/foreign-root.ts';
import { planRootGrowth } from '../../../packages/images/src/grow-partition.ts';
import { unpackLz4Legacy } from '../../../packages/images/src/lz4-legacy.ts';
import { readPartitionTable } from '../../../packages/images/src/partition-table.ts';
import type { RandomAccess } from '../../../packages/images/src/random-access.ts';
import { linuxType, writeGpt } from '../../../packages/images/src/testing/write-gpt.ts';
import { parseTextAcl } from '../../../packages/tar/src/text-acl.ts';
import { type Parser, textOf } from '../parser.ts';
import { checkSplits, piecesOf, plain, refusesWith } from './helpers.ts';

const block = 512;
const tarFiles = /\/packages\/tar\/src\//;
const imageFiles = /\/packages\/images\/src\/(?!testing\/)/;
/** The disk is larger than the input, and zeros follow. */
const diskBytes = 1024 * 1024 * 1024;
/** Largest read of a part of a disk: GPT's table has 128 entries of at most 4 KiB. */
const maxReadBytes = 512 * 1024;

const stat = { mode: 0o644, uid: 0, gid: 0, modifiedNs: 1_700_000_000_000_000_000n };
const plainEntry = { linkTarget: '', stat, user: 'root', group: 'root' } as const;
const end = new Uint8Array(2 * block);

function padded(text: string): Uint8Array {
  const bytes = new Uint8Array(Math.ceil(text.length / block) * block);
  bytes.set(new TextEncoder().encode(text));
  return bytes;
}

function tarSeeds(): Uint8Array[] {
  const folder = tarHeader({ ...plainEntry, path: 'x', type: 'directory', sizeBytes: 0 });
  const file = tarHeader({ ...plainEntry, path: 'x/a', type: 'file', sizeBytes: 5, isLinked: true });
  const link = tarHeader({ ...plainEntry, path: 'x/l', type: 'symlink', sizeBytes: 0, linkTarget: '../b' });
  const hard = tarHeader({ ...plainEntry, path: 'x/h', type: 'hardlink', sizeBytes: 0, linkTarget: 'x/a' });
  const map = [{ offset: 4096, sizeBytes: 5 }];
  const attributes = new Map([['user.a', Uint8Array.of(1, 2)]]);
  const sparse = tarHeader({ ...plainEntry, path: 'x/s', type: 'file', sizeBytes: 9000, map, attributes });
  const long = tarHeader({ ...plainEntry, path: `x/${'n'.repeat(150)}`, type: 'file', sizeBytes: 0 });
  const content = padded('hello');
  return [
    Buffer.concat([folder, file, content, link, hard, end]),
    Buffer.concat([folder, sparse, content, end]),
    Buffer.concat([leftOutHeader('x/y'), folder, long, end]),
  ];
}

/** Corrects the checksum of every block that is nearly a header. */
function sealHeaders(bytes: Uint8Array): Uint8Array {
  for (let at = 0; at + block <= bytes.length; at += block) {
    if (textOf(bytes.subarray(at + 257, at + 262)) !== 'ustar') continue;
    bytes.fill(0x20, at + 148, at + 156);
    const sum = bytes.subarray(at, at + block).reduce((total, byte) => total + byte, 0);
    bytes.set(new TextEncoder().encode(`${sum.toString(8).padStart(6, '0')}\0 `), at + 148);
  }
  return bytes;
}

const paxWords = ['30 mtime=1700000000.123456789\n', '20 GNU.sparse.major=1\n', '11 size=99\n', '14 path=x/../y\n'];

const tar: Parser = {
  name: 'tar-archive',
  facesPeer: true,
  covers: tarFiles,
  seeds: tarSeeds,
  dictionary: [...paxWords, 'ustar\0', 'SCHILY.xattr.user.a=', 'SCHILY.acl.access=user::rw-\n', end],
  repair: sealHeaders,
  run: (bytes) => {
    checkSplits(bytes, (pieces) => {
      const seen: unknown[] = [];
      const written: string[] = [];
      let item: TarItem | undefined;
      const parser = new TarParser({
        begin: (begun) => {
          item = begun;
          seen.push(plain({ ...begun, attributes: [...begun.attributes] }));
        },
        write: (part, offset) => {
          assert.ok(item !== undefined && offset >= 0 && offset + part.length <= item.sizeBytes, 'beyond the file');
          written.push(Buffer.from(part).toString('hex'));
        },
        finish: () => {
          seen.push(written.splice(0).join(''));
          item = undefined;
        },
        leaveOut: (what) => seen.push(what),
      });
      try {
        for (const piece of pieces) parser.push(piece);
        parser.end();
      } catch (error) {
        if (!isMalformedTarError(error)) throw error;
        seen.push(error.message, written.join(''));
      }
      return seen;
    });
  },
};

const safe: Parser = {
  name: 'safe-tar',
  facesPeer: true,
  covers: tarFiles,
  seeds: tarSeeds,
  dictionary: [...paxWords, 'ustar\0', 'x/', '../', '/', 'x/a\0', end],
  repair: sealHeaders,
  refuses: (error) => isMalformedTarError(error) || isUnsafeTarError(error),
  run: async (bytes) => {
    const names = { sent: ['x'], as: 'y' };
    const extras = { sparse: true, attributes: true, leftOut: 'keep' } as const;
    const rewrite = async (archive: Uint8Array, from: typeof names): Promise<Uint8Array> => {
      const chunks: Uint8Array[] = [];
      const source = (async function* () {
        yield* piecesOf(archive);
      })();
      for await (const chunk of safeTar(source, from, extras)) chunks.push(chunk.slice());
      return new Uint8Array(Buffer.concat(chunks));
    };
    const once = await rewrite(bytes, names);
    // What was written is safe, and says the same when it is read again.
    const twice = await rewrite(once, { sent: ['y'], as: 'y' });
    assert.ok(Buffer.from(once).equals(twice), 'rewritten again, it is another archive');
  },
};

const acl: Parser = {
  name: 'text-acl',
  covers: tarFiles,
  seeds: () => ['user::rw-\nuser:1000:r--\ngroup::r-x\nmask::rwx\nother::---\n', 'user:ana:rw-:1000,group::r--#x'],
  dictionary: ['user:', 'group:', 'mask::', 'other::', 'rwx', ':', '\n', ',', '#', '4294967295'],
  run: (bytes) => {
    const parsed = parseTextAcl(textOf(bytes));
    if ('why' in parsed) assert.ok(parsed.why.length < 200);
    else assert.equal((parsed.value.length - 4) % 8, 0);
  },
};

/** A disk that begins with these bytes. Its reads are bounded. */
function diskOf(bytes: Uint8Array): RandomAccess {
  const content = Buffer.from(bytes);
  return {
    sizeBytes: diskBytes,
    read: async (offset, length) => {
      assert.ok(Number.isSafeInteger(offset) && offset >= 0, `a read at ${offset}`);
      assert.ok(length >= 0 && length <= maxReadBytes, `a read of ${length} bytes`);
      const result = Buffer.alloc(Math.min(length, Math.max(0, diskBytes - offset)));
      content.copy(result, 0, Math.min(offset, content.length), Math.min(offset + length, content.length));
      return result;
    },
  };
}

function gptSeed(): Buffer {
  const disk = Buffer.alloc(64 * 1024);
  const partition = { offset: 8192, size: 4096, type: linuxType };
  writeGpt(disk, [partition]);
  return disk.subarray(0, 4096);
}

function mbrSeed(type: number): Buffer {
  const disk = Buffer.alloc(4096);
  disk.writeUInt8(type, 446 + 4);
  disk.writeUInt32LE(2, 446 + 8);
  disk.writeUInt32LE(2048, 446 + 12);
  disk.writeUInt16LE(0xaa55, 510);
  // A logical partition, and an ext file system.
  disk.writeUInt8(0x83, 1024 + 446 + 4);
  disk.writeUInt32LE(1, 1024 + 446 + 8);
  disk.writeUInt32LE(8, 1024 + 446 + 12);
  disk.writeUInt16LE(0xaa55, 1024 + 510);
  disk.writeUInt16LE(0xef53, 2048 + 0x38);
  return disk;
}

const disk: Parser = {
  name: 'disk-partitions',
  covers: imageFiles,
  seeds: () => [gptSeed(), mbrSeed(0x83), mbrSeed(0x05), mbrSeed(0xee)],
  dictionary: [
    'EFI PART',
    Uint8Array.of(0x55, 0xaa),
    Uint8Array.of(0x53, 0xef),
    'LABELONE',
    'XFSB',
    Uint8Array.of(0x05),
  ],
  repair: (bytes) => {
    const header = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
    if (header.length < 1024 || header.toString('latin1', 512, 520) !== 'EFI PART') return bytes;
    header.writeUInt32LE(0, 528);
    header.writeUInt32LE(crc32(header.subarray(512, 604)), 528);
    return bytes;
  },
  run: async (bytes) => {
    const opened = diskOf(bytes);
    for (const { offsetBytes, sizeBytes } of await readPartitionTable(opened))
      assert.ok(offsetBytes >= block && sizeBytes >= block && offsetBytes + sizeBytes <= diskBytes);
    await foreignRoot(opened);
    await needsUefi(opened);
    const growth = await planRootGrowth(opened, 2 * diskBytes);
    if (!growth.grows) return;
    for (const { offsetBytes, bytes: written } of growth.writes)
      assert.ok(offsetBytes >= 0 && offsetBytes + written.length <= 2 * diskBytes);
  },
};

const superblock: Parser = {
  name: 'ext-superblock',
  covers: imageFiles,
  seeds: () => [mbrSeed(0x83).subarray(1024)],
  dictionary: [Uint8Array.of(0x53, 0xef)],
  run: async (bytes) => {
    const found = await readExtSuperblock(diskOf(bytes), 0);
    if (found === undefined) return;
    assert.ok(
      found.blockBytes >= 1024 && found.blockBytes <= 65_536 && Number.isFinite(found.blocks * found.blockBytes),
    );
  },
};

const format: Parser = {
  name: 'disk-format',
  covers: imageFiles,
  seeds: () => [
    'KDMV',
    'conectix',
    '<!DOCTYPE html><html>',
    '<?xml version="1.0"?>',
    'QFI\u00fb',
    `${'x'.repeat(110)}\n`,
  ],
  dictionary: ['vhdxfile', '# Disk DescriptorFile', 'ustar', '.ovf\0', 'CD001', 'koly', 'MZ', 'PK\x03\x04'],
  maxInputBytes: headBytes,
  run: (bytes) => {
    const file = Buffer.from(bytes);
    const path = "a'b $(c).img";
    const found = foreignFormat(file.subarray(0, headBytes), file.subarray(-tailBytes));
    if (found === undefined) return;
    assert.ok(found.name.length > 0 && found.nextStep(path).length < 500);
  },
};

const lz4: Parser = {
  name: 'lz4-kernel',
  covers: imageFiles,
  seeds: () => {
    const packed = Uint8Array.of(0x50, 0x68, 0x65, 0x6c, 0x6c, 0x6f);
    const repeated = Uint8Array.of(0x1f, 0x61, 1, 0, 200, 0x50, 0x68, 0x65, 0x6c, 0x6c, 0x6f);
    return [packed, repeated].map((data) =>
      Buffer.concat([Uint8Array.of(2, 0x21, 0x4c, 0x18, data.length, 0, 0, 0), data]),
    );
  },
  refuses: refusesWith(RangeError),
  run: (bytes) => {
    assert.ok(unpackLz4Legacy(bytes, 65_536).length <= 65_536);
  },
};

/** Archives of guests, and disks of anybody. */
export const parsers: readonly Parser[] = [tar, safe, acl, disk, superblock, format, lz4];
