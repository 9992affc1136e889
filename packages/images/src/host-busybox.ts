import { readFile } from 'node:fs/promises';
import { OperationError } from '@innkeeper/contract/errors';

/**
 * The host's busybox, which is copied into guests. Rejects with PROGRAM_MISSING when no statically linked one exists.
 */
export async function readHostBusybox(): Promise<Buffer> {
  for (const path of ['/bin/busybox', '/usr/bin/busybox']) {
    const content = await readFile(path).catch((error: unknown) => {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
      throw error;
    });
    if (content !== undefined && isStaticElf(content)) return content;
  }
  throw new OperationError('PROGRAM_MISSING', 'A statically linked busybox is not installed.', {
    nextStep: 'Install it: apt-get install busybox-static.',
  });
}

/** Whether this is a 64-bit ELF file without an interpreter (dynamic loader). */
export function isStaticElf(content: Buffer): boolean {
  if (content.length < 64 || content.toString('latin1', 0, 5) !== '\x7fELF\x02') return false;
  const headerBytes = content.readUInt16LE(54);
  const count = content.readUInt16LE(56);
  for (let index = 0; index < count; index++) {
    const at = Number(content.readBigUInt64LE(32)) + index * headerBytes;
    if (at + 4 > content.length) return false;
    const interpreter = 3;
    if (content.readUInt32LE(at) === interpreter) return false;
  }
  return true;
}
