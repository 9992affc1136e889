import { create } from '@bufbuild/protobuf';
import { FileInfoSchema, FileKind } from '@innkeeper/contract/agent';
import { OperationError } from '@innkeeper/contract/errors';
import { kib, randomId } from '@innkeeper/kit';
import { randomBytes } from '../../node/random-bytes.ts';
import { cleanUp } from '../foreign/clean-up.ts';
import { bytesOf, objectOf, wholeOf } from '../foreign/fields.ts';
import { checkGuestPath, type RunInGuest, settle } from '../foreign/file-commands.ts';
import type { ForeignReading, ForeignReadRequest, ForeignWriteRequest } from '../foreign/foreign-agent.ts';
import { isGone } from './qga-error.ts';
import type { QgaCall, QgaExchanges } from './qga-session.ts';

/** Bytes of one read or write: in base64 well below the 10 MiB at which libvirt drops an answer. */
const chunkBytes = 1024 * kib;
const chunkAnswerBytes = 2 * chunkBytes;

/** Reads a file in chunks, each in an exchange of its own; the handle outlives them. */
export async function readByQga(
  session: QgaExchanges,
  { path = '', offset = 0n, length = 0n }: ForeignReadRequest,
  signal: AbortSignal,
): Promise<ForeignReading> {
  checkGuestPath(path);
  const handle = wholeOf(await session.call(signal, 'guest-file-open', { path, mode: 'r' }), 'The handle');
  let size: number | undefined;
  try {
    size = await session.exchange(signal, async (call) => await seekTo(call, handle, Number(offset)));
  } catch (error) {
    await closeHandle(session, handle);
    throw error;
  }
  async function* pieces(): AsyncGenerator<Uint8Array> {
    let left = length === 0n ? Number.POSITIVE_INFINITY : Number(length);
    try {
      while (left > 0) {
        const count = Math.min(chunkBytes, left);
        const options = { maxBytes: chunkAnswerBytes, timeoutMs: 60_000 };
        const answer = objectOf(await session.call(signal, 'guest-file-read', { handle, count }, options), 'A read');
        const bytes = bytesOf(answer['buf-b64'], count, 'A read');
        left -= bytes.length;
        if (bytes.length > 0) yield bytes;
        // A file that grows all the time ends at the first short read.
        if (answer['eof'] === true || bytes.length === 0) return;
      }
    } finally {
      await closeHandle(session, handle);
    }
  }
  // What the dialect does not say stays unset: kind, mode, owner, time.
  const info = create(FileInfoSchema, { path, sizeBytes: BigInt(size ?? 0), kind: FileKind.UNSPECIFIED });
  return { info, pieces: pieces() };
}

/** Moves to an offset; returns the file's size, or undefined for one that has no positions, such as a pipe. */
async function seekTo(call: QgaCall, handle: number, offset: number): Promise<number | undefined> {
  const seek = async (to: number, whence: string): Promise<number> => {
    const answer = await call('guest-file-seek', { handle, offset: to, whence });
    return wholeOf(objectOf(answer, 'The answer to a seek')['position'], 'The position');
  };
  const end = await seek(0, 'end').catch((error: unknown) => {
    if (isGone(error)) throw error;
    return undefined;
  });
  if (end !== undefined || offset > 0) await seek(offset, 'set');
  return end;
}

/**
 * Writes a file in chunks. Where the agent may run commands, the file is written beside its target and renamed, so that it
 * lands whole or not at all; otherwise in place.
 */
export async function writeByQga(
  session: QgaExchanges,
  run: RunInGuest | undefined,
  open: ForeignWriteRequest,
  source: AsyncIterable<Uint8Array>,
  verify: () => void,
  signal: AbortSignal,
): Promise<bigint> {
  const { path = '' } = open;
  checkGuestPath(path);
  const place = await settle(run, open, `${path}.${randomId(randomBytes).slice(0, 8)}.part`, signal);
  let bytes = 0;
  try {
    const opened = await session.call(signal, 'guest-file-open', { path: place.path, mode: 'w' });
    const handle = wholeOf(opened, 'The handle');
    try {
      for await (const piece of source)
        for (let at = 0; at < piece.length; at += session.writeBytes) {
          const chunk = piece.subarray(at, at + session.writeBytes);
          const answer = await session.call(
            signal,
            'guest-file-write',
            { handle, 'buf-b64': Buffer.from(chunk).toString('base64') },
            { timeoutMs: 60_000 },
          );
          const count = objectOf(answer, 'The answer to a write')['count'];
          if (count !== chunk.length)
            throw new OperationError(
              'GUEST_IO',
              `The guest wrote ${String(count)} of ${chunk.length} bytes of ${path}.`,
            );
          bytes += chunk.length;
        }
      await session.call(signal, 'guest-file-flush', { handle }, { timeoutMs: 60_000 });
    } finally {
      await closeHandle(session, handle);
    }
    verify();
    await place.finish();
    return BigInt(bytes);
  } catch (error) {
    await place.undo();
    throw error;
  }
}

/** In an exchange of its own, even after an abort: the agent keeps handles for ever. */
export async function closeHandle(session: QgaExchanges, handle: unknown): Promise<void> {
  await cleanUp((signal) => session.call(signal, 'guest-file-close', { handle }));
}
