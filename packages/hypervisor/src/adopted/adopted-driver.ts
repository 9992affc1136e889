import { OperationError } from '@innkeeper/contract';
import type { HypervisorDriver, Probe, RunningVm } from '../driver.ts';
import type { VmRecord } from '../vm-record.ts';
import { adoptedAddress, adoptedFeatures } from './adopted-record.ts';
import { AdoptedVm } from './adopted-vm.ts';

/** VMs that somebody else runs. It starts and stops nothing: a record has the address of the agent, and that is all. */
export class AdoptedDriver implements HypervisorDriver {
  readonly name = 'adopted';
  readonly features = adoptedFeatures;

  async probe(): Promise<Probe> {
    return { available: true, reason: '', version: '', accelerator: 'tcg', acceleratorReason: '' };
  }

  async launch(): Promise<RunningVm> {
    throw new OperationError('UNSUPPORTED_BY_DRIVER', 'Adopted VMs are started by whoever runs them.');
  }

  /** Whether the VM runs is not known: its agent says so, or nobody does. */
  async adopt(record: VmRecord): Promise<RunningVm | undefined> {
    return adoptedAddress(record) === undefined ? undefined : new AdoptedVm(record);
  }

  async howEnded(): Promise<undefined> {
    return undefined;
  }

  processOf(): undefined {
    return undefined;
  }

  /** Nothing of it belongs to this daemon. */
  async kill(): Promise<void> {
    return undefined;
  }

  async killUnrecorded(): Promise<boolean> {
    return false;
  }
}
