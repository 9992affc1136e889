import type { DescMessage, MessageInitShape, MessageShape } from '@bufbuild/protobuf';
import type { ExecRequest, ReadFileRequestSchema } from '@innkeeper/contract/agent';
import { FileServiceLite, ProcessServiceLite } from '@innkeeper/contract/agent-lite';
import { OperationError } from '@innkeeper/contract/errors';
import type { LiteMethod } from '@innkeeper/contract/lite';
import { linkSignals } from '@innkeeper/kit';
import type { AgentLink, ExecSession, StreamOptions } from '../../agent-link.ts';
import type { ForeignAgent } from './foreign-agent.ts';
import type { ForeignSessions } from './foreign-sessions.ts';
import { refuseMethod } from './refusals.ts';

interface StreamContext {
  readonly link: AgentLink;
  readonly agent: ForeignAgent;
  readonly sessions: ForeignSessions;
  readonly closed: AbortSignal;
}

/** Streaming methods by name: commands and downloads. Any other is refused before anything is sent. */
export async function* foreignStream<I extends DescMessage, O extends DescMessage>(
  { link, agent, sessions, closed }: StreamContext,
  method: LiteMethod<I, O>,
  requests: AsyncIterable<MessageInitShape<I>>,
  options: StreamOptions,
): AsyncGenerator<MessageShape<O>, void, undefined> {
  const linked = linkSignals(closed, options.signal);
  try {
    const { signal } = linked;
    // The method's name says what its messages are.
    if (method.name === FileServiceLite.read.name)
      yield* anyOf(readEvents(link, requests as AsyncIterable<MessageInitShape<typeof ReadFileRequestSchema>>, signal));
    else if (method.name === ProcessServiceLite.exec.name)
      yield* anyOf(execEvents(link, requests as AsyncIterable<ExecRequest>, signal));
    else refuseMethod(agent, await sessions.ready(signal), method);
  } finally {
    linked.unlink();
  }
}

/** The answers of a method whose name says what they are. */
function anyOf<T>(events: AsyncIterable<object>): AsyncIterable<T> {
  return events as AsyncIterable<T>;
}

async function* readEvents(
  link: AgentLink,
  requests: AsyncIterable<MessageInitShape<typeof ReadFileRequestSchema>>,
  signal: AbortSignal,
): AsyncGenerator<object> {
  for await (const request of requests) {
    const reading = link.readFile(request, { signal });
    let offset = request.offset ?? 0n;
    let isFirst = true;
    for await (const data of reading.chunks) {
      if (isFirst) yield readEvent({ case: 'info', value: await reading.info });
      isFirst = false;
      yield readEvent({ case: 'chunk', value: { $typeName: 'innkeeper.agent.v1.FileChunk', offset, data } });
      offset += BigInt(data.length);
    }
    if (isFirst) yield readEvent({ case: 'info', value: await reading.info });
    yield readEvent({ case: 'done', value: await reading.done });
    return;
  }
}

function readEvent(event: object): object {
  return { $typeName: 'innkeeper.agent.v1.ReadFileEvent', event };
}

async function* execEvents(link: AgentLink, requests: AsyncIterable<ExecRequest>, signal: AbortSignal) {
  const input = requests[Symbol.asyncIterator]();
  const first = (await input.next()).value?.input;
  if (first?.case === 'attach') link.attach(first.value.id, first.value.fromOffset);
  if (first?.case !== 'start')
    throw new OperationError('INVALID_ARGUMENT', 'The first message must be "start" or "attach".');
  await using session = link.exec(first.value, { signal });
  // Its errors end the call, since input would otherwise be lost silently.
  const broken = Promise.withResolvers<never>();
  broken.promise.catch(() => undefined);
  forward(input, session).catch(broken.reject);
  const events = session.events[Symbol.asyncIterator]();
  for (;;) {
    const next = await Promise.race([events.next(), broken.promise]);
    if (next.done === true) return;
    yield next.value;
  }
}

async function forward(requests: AsyncIterator<ExecRequest>, session: ExecSession): Promise<void> {
  for (let next = await requests.next(); next.done !== true; next = await requests.next()) {
    const { input } = next.value;
    if (input.case === 'signal') await session.signal(input.value);
    if (input.case !== 'stdin') continue;
    if (input.value.data.length > 0) await session.writeStdin(input.value.data);
    if (input.value.end) await session.endStdin();
  }
}
