import { isOutdated, isSilent, type Vm, type VmFigures, vmFigures } from '@innkeeper/contract/control';
import type { NodeOfControl, VmOfControl } from '../control/node-of-control.ts';

/** One VM, with what lists compare. Made anew when the VM changed, else the same object. */
export interface FleetEntry {
  readonly vm: Vm;
  readonly figures: VmFigures;
  readonly outdated: boolean;
  readonly silent: boolean;
  /** The name with its numbers padded, so that web-2 comes before web-10. */
  readonly nameKey: string;
}

/** The VMs themselves. */
export type VmSource = Pick<NodeOfControl['vms'], 'list' | 'onChange'>;

/**
 * All VMs, ready to be listed: a VM is described again only when it changed since the last look, so that a list of
 * thousands costs what changed and not what there is.
 */
export class FleetIndex implements Disposable {
  readonly #source: VmSource;
  readonly #agentVersion: string;
  readonly #entries = new Map<string, FleetEntry>();
  readonly #changedIds = new Set<string>();
  readonly #stop: () => void;
  #all: readonly FleetEntry[] | undefined;

  /** `agentVersion` is the daemon's own; empty when it has none. */
  constructor(source: VmSource, agentVersion: string) {
    this.#source = source;
    this.#agentVersion = agentVersion;
    this.#stop = source.onChange((id) => this.#changedIds.add(id));
  }

  /** Every VM, in order of name. */
  entries(): readonly FleetEntry[] {
    if (this.#all !== undefined && this.#changedIds.size === 0) return this.#all;
    const vms = this.#source.list();
    const before = new Map(this.#entries);
    this.#entries.clear();
    for (const vm of vms) {
      const known = before.get(vm.id);
      this.#entries.set(vm.id, known === undefined || this.#changedIds.has(vm.id) ? this.#describe(vm) : known);
    }
    this.#changedIds.clear();
    this.#all = [...this.#entries.values()].sort((one, other) => (one.nameKey < other.nameKey ? -1 : 1));
    return this.#all;
  }

  /** Undefined for one that is deleted, or never was. */
  find(id: string): Vm | undefined {
    this.entries();
    return this.#entries.get(id)?.vm;
  }

  [Symbol.dispose](): void {
    this.#stop();
  }

  #describe(source: VmOfControl): FleetEntry {
    const vm = source.describe();
    return {
      vm,
      figures: vmFigures(vm),
      outdated: isOutdated(vm, this.#agentVersion),
      silent: isSilent(vm),
      nameKey: vm.name.replaceAll(/\d+/g, (digits) => digits.padStart(10, '0')),
    };
  }
}
