import { OperationError } from '@innkeeper/contract/errors';
import { kib, randomId } from '@innkeeper/kit';
import { misbehaves } from '../../guest-claims.ts';
import { randomBytes } from '../../node/random-bytes.ts';
import { checkGuestPath, commandFailed, type RunInGuest, settle } from './file-commands.ts';
import type { ForeignReading, ForeignReadRequest, ForeignWriteRequest } from './foreign-agent.ts';
import { parseStat, statArgv } from './stat-line.ts';

/** Bytes of one piece, read: its base64 stays below the 512 KiB that such agents return of a command. */
const readBytes = 256 * kib;
/** And written: base64 of it is one argument, of which the kernel takes 128 KiB. */
const writeBytes = 72 * kib;

/**
 * Writes a piece of a file, and how each program of the pipe ended to the error output, since a shell only says it of the
 * last one. tail and head count in bytes everywhere; busybox's dd may not.
 */
const pieceScript =
  'exec 3< "$0" || exit 1; { tail -c "+$1" <&3; echo "tail=$?" >&2; } | { head -c "$2"; echo "head=$?" >&2; } | { base64; echo "base64=$?" >&2; }';

function allSucceeded(stderr: Uint8Array): boolean {
  const lines = new Set(Buffer.from(stderr).toString().split('\n'));
  return ['tail', 'head', 'base64'].every((program) => lines.has(`${program}=0`));
}

/** Reads a file with tail, head and base64, for dialects that have commands but no word for files. */
export async function readByCommands(
  run: RunInGuest,
  { path = '', offset = 0n, length = 0n }: ForeignReadRequest,
  signal: AbortSignal,
): Promise<ForeignReading> {
  checkGuestPath(path);
  const argv = statArgv([path], true);
  const { status, stdout, stderr } = await run(argv, signal);
  if (status.case !== 'exitCode' || status.value !== 0) throw commandFailed(argv, stderr);
  const info = parseStat(Buffer.from(stdout).toString(), path);
  async function* pieces(): AsyncGenerator<Uint8Array> {
    const end = length === 0n ? Number.POSITIVE_INFINITY : Number(offset + length);
    for (let at = Number(offset); at < end; ) {
      const count = Math.min(readBytes, end - at);
      const bytes = await readPiece(run, path, at, count, signal);
      at += bytes.length;
      if (bytes.length > 0) yield bytes;
      if (bytes.length < count) return;
    }
  }
  return { info, pieces: pieces() };
}

async function readPiece(
  run: RunInGuest,
  path: string,
  at: number,
  count: number,
  signal: AbortSignal,
): Promise<Uint8Array> {
  const argv = ['sh', '-c', pieceScript, path, String(at + 1), String(count)];
  const { status, stdout, stderr } = await run(argv, signal);
  if (status.case !== 'exitCode' || status.value !== 0) throw commandFailed(['cat', path], stderr);
  const bytes = Buffer.from(Buffer.from(stdout).toString('latin1'), 'base64');
  if (bytes.length > count) throw misbehaves(`A piece of ${count} bytes has ${bytes.length}.`);
  // A whole piece ends tail early. A shorter one is the end of the file only if no program failed.
  if (bytes.length < count && !allSucceeded(stderr)) throw commandFailed(['cat', path], stderr);
  return bytes;
}

/** Writes a file beside its target with base64, and renames it. */
export async function writeByCommands(
  run: RunInGuest,
  open: ForeignWriteRequest,
  source: AsyncIterable<Uint8Array>,
  verify: () => void,
  signal: AbortSignal,
): Promise<bigint> {
  const { path = '' } = open;
  checkGuestPath(path);
  const place = await settle(run, open, `${path}.${randomId(randomBytes).slice(0, 8)}.part`, signal);
  let bytes = 0;
  const append = async (piece: Uint8Array): Promise<void> => {
    const text = Buffer.from(piece).toString('base64');
    const { status, stderr } = await run(
      ['sh', '-c', 'umask 077; printf %s "$1" | base64 -d >> "$0"', place.path, text],
      signal,
    );
    if (status.case !== 'exitCode' || status.value !== 0) throw commandFailed(['write', path], stderr);
    bytes += piece.length;
  };
  try {
    await append(new Uint8Array(0));
    for await (const piece of source)
      for (let at = 0; at < piece.length; at += writeBytes) await append(piece.subarray(at, at + writeBytes));
    verify();
    const size = parseStat(
      Buffer.from((await run(statArgv([place.path], false), signal)).stdout).toString(),
      place.path,
    );
    if (size.sizeBytes !== BigInt(bytes))
      throw new OperationError('GUEST_IO', `The guest has ${size.sizeBytes} of the ${bytes} bytes of ${path}.`);
    await place.finish();
    return BigInt(bytes);
  } catch (error) {
    await place.undo();
    throw error;
  }
}
