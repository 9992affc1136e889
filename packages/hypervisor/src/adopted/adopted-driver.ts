import { OperationError } from '@innkeeper/contract';
import type { HypervisorDriver, Probe, RunningVm } from '../driver.ts';
import type { DriverFeatures } from '../features.ts';
import type { VmRecord } from '../vm-record.ts';
import { AdoptedVm } from './adopted-vm.ts';

/** Nothing but the agent is known of such a VM. */
export const adoptedFeatures: DriverFeatures = {
  supportsAgentPorts: false,
  supportsVsock: false,
  supportsPortState: false,
  supportsPause: false,
  supportsNetworkState: false,
  supportsSeveralDisks: false,
  supportsSeveralNics: false,
  supportsUserNic: false,
  supportsBridgeNic: false,
  supportsTapNic: false,
  supportsUefi: false,
  supportsSnapshots: false,
};

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

/** The record of a VM that is adopted by the address of its agent. */
export function adoptedRecord(id: string, address: string): VmRecord {
  return { id, driver: 'adopted', payload: { address } };
}

/** The address in a record; undefined if it is not one of an adopted VM. */
export function adoptedAddress({ driver, payload }: VmRecord): string | undefined {
  const { address } = payload;
  return driver === 'adopted' && typeof address === 'string' ? address : undefined;
}
