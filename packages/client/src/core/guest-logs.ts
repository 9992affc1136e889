import { type LogBatch, LogSource } from '@innkeeper/contract/agent';
import { isOperationError } from '@innkeeper/contract/errors';
import { pause } from '@innkeeper/kit';
import { abortError } from './abort-error.ts';
import type { AgentClients } from './agent-clients.ts';
import { type CallOptions, callOptions } from './services.ts';
import { timers } from './time-and-chance.ts';

/** Reasons with which a followed log is lost and can be continued from its cursor. */
const losses = new Set(['AGENT_UNREACHABLE', 'DAEMON_UNREACHABLE', 'NODE_UNREACHABLE']);
const retryMs = 1000;

export interface ReadLogOptions extends CallOptions {
  /** Default: the journal; with `file`, that file. */
  readonly source?: 'journal' | 'kernel' | 'agent' | undefined;
  /** The path of a text file in the guest; requires `guest.file.read` instead of `guest.exec`. */
  readonly file?: string | undefined;
  /** Journal only: the entries of this service. */
  readonly unit?: string | undefined;
  /** Not for files: entries at least this important, 0 (emergency) to 7 (debug). Default: all. */
  readonly maxPriority?: number | undefined;
  /** Entries that contain this text, in upper or lower case. */
  readonly text?: string | undefined;
  /** Not for files: entries from then on. */
  readonly sinceUnixNs?: bigint | undefined;
  /** The last entries that exist already, at most 10,000. Default: 200. */
  readonly lines?: number | undefined;
  /** Continue with what is added. An agent or daemon that is lost is waited for, and nothing is missed. */
  readonly follow?: boolean | undefined;
  /** `cursor` of a batch: continue after it. */
  readonly cursor?: string | undefined;
  /** Called when a followed log is lost, and when it continues. */
  readonly onInterruption?: ((what: 'lost' | 'back') => void) | undefined;
}

/** Logs of guests. `vm` is an id or a name. */
export interface GuestLogs {
  /** Yields batches in order; a slow reader makes the guest wait. Rejects with OperationError. */
  read(vm: string, options?: ReadLogOptions): AsyncGenerator<LogBatch, void, undefined>;
}

const sources = { journal: LogSource.JOURNAL, kernel: LogSource.KERNEL, agent: LogSource.AGENT } as const;

/** Implements GuestLogs on the agent's services, for Node and browsers. */
export function createGuestLogs(agent: (vm: string) => AgentClients): GuestLogs {
  return {
    async *read(vm, options = {}) {
      const { signal, follow = false, onInterruption } = options;
      let { cursor = '' } = options;
      let isLost = false;
      for (;;) {
        try {
          for await (const batch of open(agent(vm), { ...options, cursor })) {
            if (isLost) onInterruption?.('back');
            isLost = false;
            if (batch.cursor !== '') ({ cursor } = batch);
            yield batch;
          }
          return;
        } catch (error) {
          if (signal?.aborted === true) throw abortError(signal);
          // Without a cursor, what was yielded would come twice.
          if (!follow || cursor === '' || !isOperationError(error) || !losses.has(error.reason)) throw error;
          if (!isLost) onInterruption?.('lost');
          isLost = true;
          // Ends early on abort, which the next call reports.
          await pause(timers, retryMs, signal);
        }
      }
    },
  };
}

function open({ logs }: AgentClients, options: ReadLogOptions & { readonly cursor: string }): AsyncIterable<LogBatch> {
  const { source = 'journal', file, unit = '', text = '', follow = false, cursor, signal } = options;
  const { lines, maxPriority, sinceUnixNs } = options;
  const common = { text, follow, cursor, ...(lines === undefined ? {} : { lines }) };
  if (file !== undefined) return logs.readFile({ path: file, ...common }, callOptions({ signal }));
  return logs.read(
    {
      ...common,
      source: sources[source],
      unit,
      ...(maxPriority === undefined ? {} : { maxPriority }),
      ...(sinceUnixNs === undefined ? {} : { sinceUnixNs }),
    },
    callOptions({ signal }),
  );
}

const priorities = ['emergency', 'alert', 'critical', 'error', 'warning', 'notice', 'info', 'debug'] as const;

/** The name of a priority of syslog(3); undefined if it is not 0 to 7. */
export function logPriorityName(priority: number | undefined): string | undefined {
  return priority === undefined ? undefined : priorities[priority];
}

/** The priority with this name or number, such as "warning" or "4"; undefined if there is none. */
export function logPriority(text: string): number | undefined {
  const found = priorities.findIndex((name, index) => name === text.toLowerCase() || `${index}` === text);
  return found < 0 ? undefined : found;
}
