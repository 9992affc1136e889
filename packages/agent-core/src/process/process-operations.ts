import type { ExecRequest } from '@innkeeper/contract/agent';
import { ProcessServiceLite } from '@innkeeper/contract/agent-lite';
import { OperationError } from '@innkeeper/contract/errors';
import { firstOf, type Operation, operation, unaryOperation } from '../dispatch.ts';
import type { FreezeState } from '../freeze-state.ts';
import { ExecCall } from './exec-call.ts';
import { exitedEvent } from './exec-events.ts';
import { checkSignal, feedProcess } from './feed-process.ts';
import type { ManagedProcess } from './managed-process.ts';
import { ProcessRegistry } from './process-registry.ts';

export { ProcessRegistry };

/** Exec, Signal and List. */
export function processOperations(registry: ProcessRegistry, freeze: FreezeState): Operation[] {
  return [
    operation(ProcessServiceLite.exec, async (input, context) => {
      const { process, attached, fromOffset } = await begin(
        registry,
        freeze,
        (await firstOf(input)).input,
        context.signal,
      );
      const { nextOffset } = process.ring;
      if (fromOffset > nextOffset)
        throw new OperationError(
          'INVALID_ARGUMENT',
          `from_offset is ${fromOffset}, but only ${nextOffset} bytes were written.`,
        );
      const call = new ExecCall(process, context, fromOffset);
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

/** A function of its own, so that a request of megabytes is not kept as long as the command runs. */
async function begin(
  registry: ProcessRegistry,
  freeze: FreezeState,
  first: ExecRequest['input'],
  signal: AbortSignal,
): Promise<{ readonly process: ManagedProcess; readonly attached: boolean; readonly fromOffset: number }> {
  switch (first.case) {
    case 'start':
      if (freeze.isFrozen && !registry.has(first.value.id))
        throw new OperationError('FILESYSTEM_FROZEN', 'No command can be started while file systems are frozen.');
      return { ...(await registry.start(first.value, signal)), fromOffset: 0 };
    case 'attach': {
      const { id, fromOffset } = first.value;
      return { process: registry.get(id), attached: true, fromOffset: Number(fromOffset) };
    }
    default:
      throw new OperationError('INVALID_ARGUMENT', 'The first message of an exec must be start or attach.');
  }
}

function summaryOf(process: ManagedProcess) {
  const { id, pid, argv, startedNs, hasReader, ring, record } = process;
  return {
    id,
    pid,
    argv: [...argv],
    startedUnixNs: startedNs,
    attached: hasReader,
    nextOffset: BigInt(ring.nextOffset),
    oldestOffset: BigInt(ring.oldestOffset),
    ...(record === undefined ? {} : { exited: exitedEvent(record) }),
  };
}
