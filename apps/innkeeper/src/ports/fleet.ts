import type { Vm, VmFigures } from '@innkeeper/contract/control';
import type { VmSummary } from './vm-summary.ts';

/** One VM, with what lists compare. A new object whenever the VM changed, otherwise the same one. */
export interface FleetEntry {
  readonly vm: VmSummary;
  readonly figures: VmFigures;
  readonly outdated: boolean;
  readonly silent: boolean;
  /** The name with its numbers padded, so that web-2 comes before web-10. */
  readonly nameKey: string;
  /** The VM whole. */
  describe(): Vm;
}

/** All VMs, ready to be listed. */
export interface Fleet {
  /** Every VM, in order of name. Good until the next change. */
  entries(): readonly FleetEntry[];
  /** Undefined for one that is deleted, or never was. */
  find(id: string): VmSummary | undefined;
}
