import { OperationError } from '@innkeeper/contract/errors';
import { type Abortable, runProgram } from './host-tools/index.ts';
import { openRandomAccess } from './random-access.ts';

/** Reading all tables of a large disk that is full. */
const checkTimeoutMs = 15 * 60_000;

/** Incompatible features in the header: written while its tables were not up to date, and found damaged before. */
const dirty = 0x1;
const corrupt = 0x2;

/**
 * Checks that everything that a qcow2 file refers to is in it: half of a download has a valid header. `path` is its name
 * in messages. Rejects with IMAGE_UNREADABLE.
 */
export async function checkQcow2(file: string, path: string, { signal }: Abortable = {}): Promise<void> {
  const features = await incompatibleFeatures(file);
  if ((features & corrupt) !== 0) throw damaged(path, 'it is marked as corrupt');
  const argv = ['check', '-f', 'qcow2', file];
  const { exitCode, stdout, stderr } = await runProgram('qemu-img', argv, { signal, timeoutMs: checkTimeoutMs });
  const output = `${stderr}\n${stdout}`;
  if (/exceed\w* the end of the (image )?file|beyond end of|end of file/i.test(output)) {
    throw damaged(path, 'it is cut off: it refers to data beyond its end');
  }
  // 3: only space is lost. After a crash, counters that were not up to date are repaired when it is opened.
  if (exitCode === 0 || exitCode === 3 || (exitCode === 2 && (features & dirty) !== 0)) return;
  const first = output.split('\n').find((line) => line.trim() !== '') ?? `qemu-img check exited with ${exitCode}`;
  throw damaged(path, `it is damaged or cut off (${first.replaceAll(file, path).trim().slice(0, 200)})`);
}

async function incompatibleFeatures(file: string): Promise<number> {
  await using disk = await openRandomAccess(file);
  const header = await disk.read(0, 80);
  return header.length === 80 && header.readUInt32BE(4) >= 3 ? header.readUInt32BE(76) : 0;
}

function damaged(path: string, why: string): OperationError {
  return new OperationError('IMAGE_UNREADABLE', `${path} is not a usable disk image: ${why}.`, {
    nextStep: 'Download or copy it again, and compare its checksum with the one that was published.',
  });
}
