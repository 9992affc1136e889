import { OperationError } from '@innkeeper/contract/errors';
import { type Channel, cleanText, errorMessage, orAborted, withDeadline } from '@innkeeper/kit';
import { JsonFrameAnswerReader, jsonFrameRequest } from '@innkeeper/wire';
import type { LinkClock } from '../../clock.ts';
import { misbehaves } from '../../guest-claims.ts';
import type { Fields } from '../foreign/fields.ts';
import { failureMeaning } from '../foreign/file-commands.ts';

export interface JsonFramesOptions {
  /** Opens a connection, for one request. */
  readonly connect: (signal: AbortSignal) => Promise<Channel>;
  readonly clock: LinkClock;
}

/** One request and its answer, on a connection of its own. `timeoutMs` 0: as long as the caller waits. */
export async function askJsonFrames(
  { connect, clock }: JsonFramesOptions,
  request: Fields,
  signal: AbortSignal,
  timeoutMs: number,
): Promise<Fields> {
  const frame = jsonFrameRequest(request);
  if (frame === undefined) throw new OperationError('INVALID_ARGUMENT', 'The request is longer than a frame of 1 MiB.');
  const late = (): OperationError => unreachable(`it did not answer within ${timeoutMs / 1000} s`);
  return await withDeadline({ timers: clock, timeoutMs, signal, late }, async (either) => {
    await using channel = await open(connect, either);
    // A peer that reads nothing takes a part of it at most.
    await orAborted(channel.write(frame), either);
    return await answerOf(channel, String(request['type']), either);
  });
}

async function open(connect: JsonFramesOptions['connect'], signal: AbortSignal): Promise<Channel> {
  try {
    return await connect(signal);
  } catch (error) {
    signal.throwIfAborted();
    throw unreachable(errorMessage(error));
  }
}

async function answerOf(channel: Channel, what: string, signal: AbortSignal): Promise<Fields> {
  const reader = new JsonFrameAnswerReader();
  for (;;) {
    const bytes = await channel.read({ signal });
    if (bytes === undefined) throw unreachable(`it closed the connection instead of answering ${what}`);
    const answer = reader.push(bytes);
    if (answer === undefined) continue;
    if (answer.type === 'malformed') throw misbehaves(answer.why);
    if (answer.type === 'ok') return answer.fields;
    const meant = failureMeaning(answer.message);
    const isCommand = what === 'exec' && meant === 'FILE_NOT_FOUND';
    throw new OperationError(
      isCommand ? 'COMMAND_NOT_FOUND' : (meant ?? 'GUEST_IO'),
      `${what}: ${cleanText(answer.message, 400)}`,
    );
  }
}

function unreachable(why: string): OperationError {
  return new OperationError('AGENT_UNREACHABLE', `The JSON-frames agent does not answer: ${cleanText(why, 300)}.`);
}
