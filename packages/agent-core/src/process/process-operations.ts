import { ProcessServiceLite } from '@innkeeper/contract/agent-lite';
import { OperationError } from '@innkeeper/contract/errors';
import { firstOf, type Operation, operation, unaryOperation } from '../dispatch.ts';
import { ExecCall } from './exec-call.ts';
import { exitedEvent } from './exec-events.ts';
import { checkSignal, feedProcess } from './feed-process.ts';
import type { ManagedProcess } from './managed-process.ts';
import type { ProcessRegistry } from './process-registry.ts';

/** Maximum length of a command line in a list: the list must fit into one message. */
const maxListedChars = 100;

/** Exec, Signal and List. */
export function processOperations(registry: ProcessRegistry): Operation[] {
  const { clock } = registry.host;
  return [
    operation(ProcessServiceLite.exec, async (input, context) => {
      const first = (await firstOf(input)).input;
      if (first.case !== 'start' && first.case !== 'attach')
        throw new OperationError('INVALID_ARGUMENT', 'The first message of an exec must be start or attach.');
      const { process, attached } =
        first.case === 'start'
          ? await registry.start(first.value)
          : { process: registry.get(first.value.id), attached: true };
      const fromOffset = first.case === 'attach' ? Number(first.value.fromOffset) : 0;
      const { nextOffset } = process.ring;
      if (fromOffset > nextOffset)
        throw new OperationError(
          'INVALID_ARGUMENT',
          `from_offset is ${fromOffset}, but only ${nextOffset} bytes were written.`,
        );
      const call = new ExecCall(process, context, clock, fromOffset);
      // Input may end before the process does; only an error of it ends the call.
      feedProcess(process, input).catch((error: unknown) => call.stop(error));
      await call.run(attached);
    }),
    unaryOperation(ProcessServiceLite.signal, ({ id, signal, onlyLeader }) => ({
      signaled: registry.get(id).signal(checkSignal(signal), onlyLeader),
    })),
    unaryOperation(ProcessServiceLite.list, () => ({ execs: registry.list().map(summaryOf) })),
  ];
}

function summaryOf(process: ManagedProcess) {
  const { id, pid, argv, startedNs, hasReader, ring, record } = process;
  return {
    id,
    pid,
    argv: shortened(argv),
    startedUnixNs: startedNs,
    attached: hasReader,
    nextOffset: BigInt(ring.nextOffset),
    oldestOffset: BigInt(ring.oldestOffset),
    ...(record === undefined ? {} : { exited: exitedEvent(record) }),
  };
}

function shortened(argv: readonly string[]): string[] {
  const words: string[] = [];
  let room = maxListedChars;
  for (const word of argv) {
    if (room <= 0) break;
    words.push(word.slice(0, room));
    room -= word.length + 1;
  }
  return words;
}
