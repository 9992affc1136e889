import type { MessageInitShape } from '@bufbuild/protobuf';
import type { OpenTarSchema, ReadTarDone, ReadTarRequestSchema, WriteTarDone } from '@innkeeper/contract/agent';
import { FileServiceLite } from '@innkeeper/contract/agent-lite';
import { OperationError } from '@innkeeper/contract/errors';
import { createDeferred, onAbort } from '@innkeeper/kit';
import type { CallOptions, TarReading } from '../../agent-link.ts';
import { checkSkipped, checkTotal, misbehaves, offsetOf } from '../../guest-claims.ts';
import type { LinkSessions } from './link-sessions.ts';
import { sendChunks } from './send-chunks.ts';
import { SessionLostError } from './session/session-lost-error.ts';
import { openCall } from './session/typed-call.ts';

/** Streams a tree as an archive, in one session: the agent makes it as it goes, so a cut fails with AGENT_UNREACHABLE. */
export function readTar(
  sessions: LinkSessions,
  request: MessageInitShape<typeof ReadTarRequestSchema>,
  options: CallOptions,
  neverAborted: AbortSignal,
): TarReading {
  const done = createDeferred<ReadTarDone>();
  // Callers may look at the chunks only.
  done.promise.catch(() => undefined);
  async function* chunks(): AsyncGenerator<Uint8Array> {
    try {
      done.resolve(yield* readChunks(sessions, request, options.signal ?? neverAborted));
    } catch (error) {
      const why = explainLoss(error, 'The reading of an archive');
      done.reject(why);
      throw why;
    } finally {
      done.reject(new OperationError('CANCELED', 'The reading was given up.'));
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
  const call = openCall(session, FileServiceLite.readTar, request);
  const untie = onAbort(signal, (reason) => call.raw.cancel(reason));
  try {
    for (let read = 0; ; ) {
      const event = (await call.next())?.event;
      if (event?.case === 'done') {
        checkTotal(event.value.bytes, read, 'The archive');
        checkSkipped(event.value.skipped);
        return event.value;
      }
      if (event?.case !== 'chunk') throw misbehaves('The reading of an archive ended without "done".');
      if (offsetOf(event.value.offset, 'The offset of a piece') !== read)
        throw misbehaves('A piece of an archive came out of order.');
      if (event.value.data.length === 0) throw misbehaves('A piece of an archive is empty.');
      read += event.value.data.length;
      yield event.value.data;
    }
  } finally {
    untie();
    call.raw.cancel(undefined);
  }
}

/** Sends an archive to be unpacked, in one session. What was unpacked before it broke stays. */
export async function writeTar(
  sessions: LinkSessions,
  open: MessageInitShape<typeof OpenTarSchema>,
  source: () => AsyncIterable<Uint8Array>,
  options: CallOptions,
  neverAborted: AbortSignal,
): Promise<WriteTarDone> {
  const signal = options.signal ?? neverAborted;
  const { session } = await sessions.ready(signal);
  const call = openCall(session, FileServiceLite.writeTar, { input: { case: 'open', value: open } });
  const untie = onAbort(signal, (reason) => call.raw.cancel(reason));
  try {
    const opened = await call.next();
    if (opened?.event.case !== 'opened') throw misbehaves('An archive was not answered by "opened".');
    const sent = await sendChunks(call, source(), 0n);
    await call.send({ input: { case: 'commit', value: {} } }, { halfClose: true });
    const done = await call.next();
    if (done?.event.case !== 'done') throw misbehaves('An archive was not answered by "done".');
    checkTotal(done.event.value.bytes, sent, 'The archive');
    checkSkipped(done.event.value.skipped);
    return done.event.value;
  } catch (error) {
    throw explainLoss(error, 'The unpacking of an archive');
  } finally {
    untie();
    call.raw.cancel(undefined);
  }
}

function explainLoss(error: unknown, what: string): unknown {
  if (!(error instanceof SessionLostError)) return error;
  return new OperationError('AGENT_UNREACHABLE', `${what} broke: ${error.message}`, { cause: error });
}
