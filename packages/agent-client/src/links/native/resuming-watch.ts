import type { MessageInitShape } from '@bufbuild/protobuf';
import type { WatchFilesEvent, WatchFilesRequestSchema } from '@innkeeper/contract/agent';
import { FileServiceLite } from '@innkeeper/contract/agent-lite';
import { OperationError } from '@innkeeper/contract/errors';
import type { StreamOptions } from '../../agent-link.ts';
import { SessionLostError } from './session/session-lost-error.ts';
import { type StreamLink, streamCall } from './stream-call.ts';

const changesWereLost: WatchFilesEvent = {
  $typeName: 'innkeeper.agent.v1.WatchFilesEvent',
  event: { case: 'changes', value: { $typeName: 'innkeeper.agent.v1.FileChanges', changes: [], lost: true } },
};

/**
 * FileService.Watch over any number of sessions. After a lost session, such as by an update of the agent, the watch is
 * opened again, and an event says that changes were lost. Rejects with AGENT_UNREACHABLE if no session opens for 30 s.
 */
export async function* resumingWatch(
  link: StreamLink,
  requests: AsyncIterable<MessageInitShape<typeof WatchFilesRequestSchema>>,
  options: StreamOptions = {},
): AsyncGenerator<WatchFilesEvent, void, undefined> {
  let hasStarted = false;
  const first = await requests[Symbol.asyncIterator]().next();
  async function* request() {
    if (first.done !== true) yield first.value;
  }
  for (;;) {
    try {
      for await (const event of streamCall(link, FileServiceLite.watch, request(), options)) {
        const isAgain = event.event.case === 'started' && hasStarted;
        yield isAgain ? changesWereLost : event;
        hasStarted ||= event.event.case === 'started';
      }
      return;
    } catch (error) {
      const isLost = error instanceof OperationError && error.cause instanceof SessionLostError;
      if (!hasStarted || !isLost || options.signal?.aborted === true) throw error;
    }
  }
}
