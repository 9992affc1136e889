import type { Operation } from '@innkeeper/contract/control';
import { extend, type Platform, servicesOf } from './platform.ts';
import { createRuns, type Runs } from './runs.ts';
import { type ControlClients, controlClients } from './services.ts';
import { type WaitOptions, waitForOperation } from './wait-for-operation.ts';

/** The services of the control plane. All methods take `{ signal }`; all errors are OperationError. */
export interface ControlClient extends Omit<ControlClients, 'operations' | 'runs'> {
  readonly operations: ControlClients['operations'] & {
    /** Resolves when the operation has succeeded; rejects with its error. */
    wait(id: string, options?: WaitOptions): Promise<Operation>;
  };
  /** Commands and scripts on many VMs, kept with their output. */
  readonly runs: ControlClients['runs'] & Runs;
}

export function controlClient(
  platform: Pick<Platform<object>, 'transport' | 'toError' | 'readRunOutput'>,
): ControlClient {
  const { toError, readRunOutput: output } = platform;
  const { operations, runs, ...services } = controlClients(servicesOf(platform));
  return {
    ...services,
    operations: extend(operations, {
      wait: (id: string, options?: WaitOptions) => waitForOperation(operations, id, options),
    }),
    runs: extend(runs, createRuns(runs, { output, toError })),
  };
}
