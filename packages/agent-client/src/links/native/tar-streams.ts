import type { MessageInitShape } from '@bufbuild/protobuf';
import type {
  OpenTarSchema,
  ReadTarDone,
  ReadTarRequestSchema,
  WriteTarDone,
  WriteTarEvent,
} from '@innkeeper/contract/agent';
import { FileServiceLite } from '@innkeeper/contract/agent-lite';
import { OperationError } from '@innkeeper/contract/errors';
import { createDeferred } from '@innkeeper/kit';
import type { CallOptions, TarReading, WriteTarOptions } from '../../agent-link.ts';
import { checkSkipped, checkTotal, misbehaves, offsetOf } from '../../guest-claims.ts';
import type { LinkSessions } from './link-sessions.ts';
import { sendChunks } from './send-chunks.ts';
import { SessionLostError } from './session/session-lost-error.ts';
import { openInTurn } from './session/typed-call.ts';

/**
 * Streams a tree as an archive, in one session: the agent creates it on the fly, so a lost session fails with
 * AGENT_UNREACHABLE.
 */
export function readTar(
  sessions: LinkSessions,
  request: MessageInitShape<typeof ReadTarRequestSchema>,
  options: CallOptions,
  neverAborted: AbortSignal,
): TarReading {
  const done = createDeferred<ReadTarDone>();
  // Callers may use only the chunks.
  done.promise.catch(() => undefined);
  async function* chunks(): AsyncGenerator<Uint8Array> {
    try {
      done.resolve(yield* readChunks(sessions, request, options.signal ?? neverAborted));
    } catch (error) {
      const why = explainLoss(error, 'Reading the archive');
      done.reject(why);
      throw why;
    } finally {
      done.reject(new OperationError('CANCELED', 'Reading the archive was canceled.'));
    }
  }
  return { chunks: chunks(), done: done.promise };
}

async function* readChunks(
  sessions: LinkSessions,
  request: MessageInitShape<typeof ReadTarRequestSchema>,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array, ReadTarDone> {
  const { session } = await sessions.ready(signal);
  using call = await openInTurn(session, FileServiceLite.readTar, request, { signal });
  for (let read = 0; ; ) {
    const event = (await call.next())?.event;
    if (event?.case === 'done') {
      checkTotal(event.value.bytes, read, 'The archive');
      checkSkipped(event.value.skipped);
      return event.value;
    }
    if (event?.case !== 'chunk') throw misbehaves('An archive ended without "done".');
    if (offsetOf(event.value.offset, 'The offset of a chunk') !== read)
      throw misbehaves('A chunk of an archive is out of order.');
    if (event.value.data.length === 0) throw misbehaves('A chunk of an archive is empty.');
    read += event.value.data.length;
    yield event.value.data;
  }
}

/** Sends an archive to be unpacked, in one session. Entries unpacked before a failure stay. */
export async function writeTar(
  sessions: LinkSessions,
  open: MessageInitShape<typeof OpenTarSchema>,
  source: () => AsyncIterable<Uint8Array>,
  options: WriteTarOptions,
  neverAborted: AbortSignal,
): Promise<WriteTarDone> {
  const signal = options.signal ?? neverAborted;
  const { session } = await sessions.ready(signal);
  using call = await openInTurn(
    session,
    FileServiceLite.writeTar,
    { input: { case: 'open', value: open } },
    { signal },
  );
  try {
    const opened = await call.next();
    if (opened?.event.case !== 'opened') throw misbehaves('An archive was not answered with "opened".');
    // Read while it is sent: the agent reports what it leaves out as it finds it.
    const answer = readAnswer(call, options.onSkip);
    answer.catch(() => undefined);
    const sent = await sendChunks(call, source(), 0n);
    await call.send({ input: { case: 'commit', value: {} } }, { halfClose: true });
    const done = await answer;
    checkTotal(done.bytes, sent, 'The archive');
    checkSkipped(done.skipped);
    return done;
  } catch (error) {
    throw explainLoss(error, 'Unpacking the archive');
  }
}

async function readAnswer(
  call: { next(): Promise<WriteTarEvent | undefined> },
  onSkip: WriteTarOptions['onSkip'],
): Promise<WriteTarDone> {
  for (;;) {
    const event = (await call.next())?.event;
    if (event?.case === 'done') return event.value;
    if (event?.case !== 'skipped') throw misbehaves('An archive was not answered with "done".');
    for (const what of event.value.skipped) onSkip?.(what);
  }
}

function explainLoss(error: unknown, what: string): unknown {
  if (!(error instanceof SessionLostError)) return error;
  return new OperationError('AGENT_UNREACHABLE', `${what} failed: ${error.message}`, { cause: error });
}
