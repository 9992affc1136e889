import { ProcessServiceLite } from '@innkeeper/contract/agent-lite';
import { OperationError } from '@innkeeper/contract/errors';
import { firstOf, type Operation, operation, unaryOperation } from '../dispatch.ts';
import { ExecCall, exitedEvent, feedProcess } from './exec-call.ts';
import type { ProcessRegistry } from './process-registry.ts';

/** Exec, Signal and List. */
export function processOperations(registry: ProcessRegistry): Operation[] {
  const { clock } = registry.host;
  return [
    operation(ProcessServiceLite.exec, async (input, context) => {
      const first = (await firstOf(input)).input;
      if (first.case !== 'start' && first.case !== 'attach')
        throw new OperationError('INVALID_ARGUMENT', 'An exec begins with start or attach.');
      const { process, attached } =
        first.case === 'start'
          ? await registry.start(first.value)
          : { process: registry.get(first.value.id), attached: true };
      const fromOffset = first.case === 'attach' ? Number(first.value.fromOffset) : 0;
      if (fromOffset > process.ring.nextOffset)
        throw new OperationError(
          'INVALID_ARGUMENT',
          `from_offset ${fromOffset} is beyond the ${process.ring.nextOffset} bytes that were written.`,
        );
      const call = new ExecCall(process, context, clock, fromOffset);
      // Input ends before the process does, or fails; only a failure ends the call.
      const failed = new Promise<never>((_, reject) => {
        feedProcess(process, input).catch(reject);
      });
      failed.catch(() => call.wake());
      await Promise.race([call.run(attached), failed]);
    }),
    unaryOperation(ProcessServiceLite.signal, ({ id, signal, onlyLeader }) => {
      if (signal < 1 || signal > 64) throw new OperationError('INVALID_ARGUMENT', `${signal} is no signal: 1 to 64.`);
      return { signaled: registry.get(id).signal(signal, onlyLeader) };
    }),
    unaryOperation(ProcessServiceLite.list, () => ({
      execs: registry.list().map((process) => ({
        id: process.id,
        pid: process.pid,
        argv: process.argv.slice(0, 8).map((word) => word.slice(0, 100)),
        startedUnixNs: process.startedNs,
        attached: process.hasReader,
        nextOffset: BigInt(process.ring.nextOffset),
        oldestOffset: BigInt(process.ring.oldestOffset),
        ...(process.record === undefined ? {} : { exited: exitedEvent(process.record) }),
      })),
    })),
  ];
}
