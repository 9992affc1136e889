import type { MessageInitShape } from '@bufbuild/protobuf';
import type {
  LogBatchSchema,
  ReadLogFileRequestSchema,
  ReadLogRequestSchema,
  TelemetrySchema,
  WatchFilesEvent,
  WatchFilesEventSchema,
  WatchFilesRequestSchema,
  WatchRequestSchema,
} from '@innkeeper/contract/agent';
import type { Continuation } from './resuming-stream.ts';

const changesWereLost: WatchFilesEvent = {
  $typeName: 'innkeeper.agent.v1.WatchFilesEvent',
  event: {
    case: 'changes',
    value: { $typeName: 'innkeeper.agent.v1.FileChanges', changes: [], lost: true, number: 0n },
  },
};

/**
 * FileService.Watch: an updated agent continues the watch. Otherwise it is opened again, and an event says that
 * changes were lost.
 * @param watchId random: whoever knows it can continue the watch
 */
export function continueFileWatch(
  watchId: string,
): Continuation<typeof WatchFilesRequestSchema, typeof WatchFilesEventSchema> {
  let hasStarted = false;
  let after = 0n;
  return {
    requestAfter: (first) => ({ ...first, watchId, after }),
    take: (answer) => {
      const { event } = answer;
      if (event.case === 'changes') after = event.value.number;
      if (event.case !== 'started' || !hasStarted) {
        hasStarted ||= event.case === 'started';
        return answer;
      }
      if (event.value.continued) return undefined;
      after = 0n;
      return changesWereLost;
    },
    canContinue: () => hasStarted,
  };
}

/** LogService.Read and ReadFile, followed: each batch has the place after it. */
export function continueLog<I extends typeof ReadLogRequestSchema | typeof ReadLogFileRequestSchema>(): Continuation<
  I,
  typeof LogBatchSchema
> {
  let cursor = '';
  let isFollowed = false;
  let isComplete = true;
  return {
    requestAfter: (first: MessageInitShape<I>) => {
      isFollowed = first.follow === true;
      return cursor === '' ? first : { ...first, cursor };
    },
    take: (batch) => {
      // An older agent gives the place after the last one of several batches alone.
      isComplete = batch.cursor !== '';
      if (isComplete) ({ cursor } = batch);
      return batch;
    },
    canContinue: () => isFollowed && isComplete,
  };
}

/** TelemetryService.Watch: a report replaces the one before it. */
export const continueTelemetry: Continuation<typeof WatchRequestSchema, typeof TelemetrySchema> = {
  requestAfter: (first) => first,
  take: (report) => report,
  canContinue: () => true,
};
