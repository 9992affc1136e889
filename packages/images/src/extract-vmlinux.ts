import { readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { gunzipSync, zstdDecompressSync } from 'node:zlib';
import { mib } from '@innkeeper/kit';
import { type Abortable, runProgram } from './host-tools/index.ts';
import { unpackLz4Legacy } from './lz4-legacy.ts';

/** Maximum size of an unpacked Linux kernel; current ones have 50 to 90 MiB. */
const maxKernelBytes = 512 * mib;

/**
 * Extracts the uncompressed kernel of a bzImage if it can be booted directly (PVH), which saves the guest the time for
 * unpacking. Returns undefined for another kind of compression or kernel, which is then booted as it is.
 */
export async function extractVmlinux(bzImagePath: string, options: Abortable = {}): Promise<Buffer | undefined> {
  const payload = payloadOf(await readFile(bzImagePath));
  if (payload === undefined) return undefined;
  const kernel = await unpack(payload, dirname(bzImagePath), options);
  return kernel !== undefined && startsByPvh(kernel) ? kernel : undefined;
}

/** The compressed kernel, located by the boot protocol's header (Documentation/arch/x86/boot.rst). */
function payloadOf(image: Buffer): Buffer | undefined {
  if (image.length < 0x250 || image.toString('latin1', 0x202, 0x206) !== 'HdrS') return undefined;
  if (image.readUInt16LE(0x206) < 0x208) return undefined;
  const setupSectors = image.readUInt8(0x1f1) || 4;
  const begin = (setupSectors + 1) * 512 + image.readUInt32LE(0x248);
  const length = image.readUInt32LE(0x24c);
  return begin + length <= image.length ? image.subarray(begin, begin + length) : undefined;
}

async function unpack(payload: Buffer, directory: string, options: Abortable): Promise<Buffer | undefined> {
  const magic = payload.toString('hex', 0, 4);
  // Usually followed by the unpacked size.
  const data = payload.subarray(0, -4);
  const size = payload.readUInt32LE(payload.length - 4);
  if (size > maxKernelBytes) return undefined;
  try {
    if (magic === '02214c18') return unpackLz4Legacy(data, size);
    if (magic === '28b52ffd') return zstdDecompressSync(data, { maxOutputLength: maxKernelBytes });
    if (magic.startsWith('1f8b')) return gunzipSync(payload, { maxOutputLength: maxKernelBytes });
    if (magic === 'fd377a58') return await unpackXz(data, directory, options);
  } catch (error) {
    // Only the faster boot is lost.
    if (error instanceof RangeError || (error instanceof Error && 'errno' in error)) return undefined;
    throw error;
  }
  return undefined;
}

async function unpackXz(data: Buffer, directory: string, { signal }: Abortable): Promise<Buffer | undefined> {
  const packed = join(directory, 'payload.xz');
  const unpacked = join(directory, 'payload');
  try {
    await writeFile(packed, data);
    const { exitCode } = await runProgram('xz', ['-dk', packed], { signal });
    return exitCode === 0 ? await readFile(unpacked) : undefined;
  } finally {
    await rm(packed, { force: true });
    await rm(unpacked, { force: true });
  }
}

/** Whether an ELF file has Xen's note 18: the entry point for a hypervisor in 32-bit mode. */
function startsByPvh(elf: Buffer): boolean {
  if (elf.length < 64 || elf.toString('latin1', 0, 5) !== '\x7fELF\x02') return false;
  const headerBytes = elf.readUInt16LE(54);
  const count = elf.readUInt16LE(56);
  for (let index = 0; index < count; index++) {
    const at = Number(elf.readBigUInt64LE(32)) + index * headerBytes;
    if (at + 56 > elf.length) return false;
    const isNote = elf.readUInt32LE(at) === 4;
    if (!isNote) continue;
    const offset = Number(elf.readBigUInt64LE(at + 8));
    if (hasPvhNote(elf.subarray(offset, offset + Number(elf.readBigUInt64LE(at + 32))))) return true;
  }
  return false;
}

function hasPvhNote(notes: Buffer): boolean {
  for (let at = 0; at + 16 <= notes.length; ) {
    const nameBytes = notes.readUInt32LE(at);
    const valueBytes = notes.readUInt32LE(at + 4);
    const isXen = notes.toString('latin1', at + 12, at + 16) === 'Xen\0';
    if (isXen && notes.readUInt32LE(at + 8) === 18) return true;
    at += 12 + align4(nameBytes) + align4(valueBytes);
  }
  return false;
}

function align4(value: number): number {
  return Math.ceil(value / 4) * 4;
}
