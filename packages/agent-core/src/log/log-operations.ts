import { LogServiceLite, LogSource } from '@innkeeper/contract/agent-lite';
import { OperationError } from '@innkeeper/contract/errors';
import { firstOf, type Operation, operation } from '../dispatch.ts';
import type { Host } from '../host.ts';
import { withoutUndefined } from '../telemetry/without-undefined.ts';
import type { AgentLog } from './agent-log.ts';
import { FileLog } from './file-log.ts';
import { readJournal } from './journal-log.ts';
import { readKernelLog } from './kernel-log.ts';
import { LogFeed } from './log-feed.ts';

/**
 * Read and ReadFile: the guest's logs.
 * @param named the host for files that callers name
 */
export function logOperations(host: Host, agentLog: AgentLog, named: Host): Operation[] {
  return [
    operation(LogServiceLite.read, async (input, { send, signal }) => {
      const request = await firstOf(input);
      const { source, cursor, follow, unit, maxPriority = 7 } = request;
      if (maxPriority > 7) throw new OperationError('INVALID_ARGUMENT', 'max_priority must be 0 to 7.');
      if (unit !== '' && source !== LogSource.JOURNAL)
        throw new OperationError('INVALID_ARGUMENT', 'Only the journal knows of units.');
      const feed = new LogFeed(send, withoutUndefined(request), source === LogSource.JOURNAL);
      if (source === LogSource.JOURNAL) await readJournal(host, feed, request, signal);
      else if (source === LogSource.KERNEL) await readKernelLog(host, feed, cursor, follow, signal);
      else if (source === LogSource.AGENT) await agentLog.read(feed, cursor, follow, signal);
      else throw new OperationError('INVALID_ARGUMENT', 'source is missing or unknown.');
    }),
    operation(LogServiceLite.readFile, async (input, { send, signal }) => {
      const request = await firstOf(input);
      const feed = new LogFeed(send, withoutUndefined(request), true);
      await new FileLog(named, request.path, feed, signal).read(request.cursor, request.follow);
    }),
  ];
}
