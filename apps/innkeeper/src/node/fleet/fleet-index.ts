import {
  AgentState,
  isOutdatedVersion,
  isSilent,
  type Vm,
  type VmFigures,
  vmFigures,
} from '@innkeeper/contract/control';
import type { Fleet, FleetEntry } from '../../ports/fleet.ts';
import type { NodeApi, VmApi } from '../../ports/node-api.ts';
import type { VmSummary } from '../../ports/vm-summary.ts';

/** The source of VMs. */
export type VmSource = Pick<NodeApi['vms'], 'list' | 'byId' | 'onChange'>;

/**
 * An index of all VMs for lists. A VM is described again only if it changed since the last list, so that listing thousands
 * of VMs costs only as much as the changes.
 */
export class FleetIndex implements Fleet, Disposable {
  readonly #source: VmSource;
  readonly #agentVersion: string;
  readonly #changedIds = new Set<string>();
  readonly #stop: () => void;
  /** Results by version, since many VMs have the same version. */
  readonly #outdated = new Map<string, boolean>();
  /** VMs in order of name; undefined before the first list. */
  #entries: FleetEntry[] | undefined;
  /** The position of each VM in it. */
  #positions = new Map<string, number>();

  /** `agentVersion` is that of the daemon's agent binary; empty when it has none. */
  constructor(source: VmSource, agentVersion: string) {
    this.#source = source;
    this.#agentVersion = agentVersion;
    this.#stop = source.onChange((id) => this.#changedIds.add(id));
  }

  /** Every VM, in order of name. Valid until the next change. */
  entries(): readonly FleetEntry[] {
    if (this.#entries === undefined) this.#replace(this.#source.list().map((vm) => this.#look(vm)));
    else if (this.#changedIds.size > 0) this.#update(this.#entries);
    this.#changedIds.clear();
    return this.#entries ?? [];
  }

  /** Undefined for a VM that was deleted or never existed. */
  find(id: string): VmSummary | undefined {
    const entries = this.entries();
    return entries[this.#positions.get(id) ?? -1]?.vm;
  }

  [Symbol.dispose](): void {
    this.#stop();
  }

  #update(entries: FleetEntry[]): void {
    const added: FleetEntry[] = [];
    const gone = new Set<string>();
    let isRenamed = false;
    for (const id of this.#changedIds) {
      const vm = this.#source.byId(id);
      const position = this.#positions.get(id);
      if (vm === undefined) gone.add(id);
      else if (position === undefined) added.push(this.#look(vm));
      else {
        const entry = this.#look(vm, entries[position]);
        isRenamed ||= entry.nameKey !== entries[position]?.nameKey;
        entries[position] = entry;
      }
    }
    if (added.length > 0 || gone.size > 0 || isRenamed) {
      this.#replace([...entries.filter(({ vm }) => !gone.has(vm.id)), ...added]);
    }
  }

  #replace(entries: FleetEntry[]): void {
    entries.sort((one, other) => (one.nameKey < other.nameKey ? -1 : 1));
    this.#entries = entries;
    this.#positions = new Map(entries.map(({ vm }, position) => [vm.id, position]));
  }

  /** `before` is the VM's last entry, whose sort key is kept if the name is. */
  #look(source: VmApi, before?: FleetEntry): FleetEntry {
    const vm = source.summary();
    const nameKey = before?.vm.name === vm.name ? before.nameKey : sortKey(vm.name);
    return new Entry(source, vm, nameKey, this.#isOutdated(vm));
  }

  #isOutdated({ agent: { state, version } }: VmSummary): boolean {
    let older = this.#outdated.get(version);
    if (older === undefined) {
      older = isOutdatedVersion(version, this.#agentVersion);
      // Limited, since a guest can report a new version each time.
      if (this.#outdated.size < 1000) this.#outdated.set(version, older);
    }
    return older && state === AgentState.CONNECTED;
  }
}

/** A class, since an object literal with a getter takes ten times as long to create. */
class Entry implements FleetEntry {
  readonly vm: VmSummary;
  readonly figures: VmFigures;
  readonly outdated: boolean;
  readonly nameKey: string;
  readonly #source: VmApi;

  constructor(source: VmApi, vm: VmSummary, nameKey: string, outdated: boolean) {
    this.#source = source;
    this.vm = vm;
    this.figures = vmFigures(vm);
    this.outdated = outdated;
    this.nameKey = nameKey;
  }

  /** Changes with time alone: a guest that boots becomes late. */
  get silent(): boolean {
    return isSilent(this.vm, Date.now() - this.vm.agentSinceMs);
  }

  describe(): Vm {
    return this.#source.describe();
  }
}

/** Numbers in the name are padded, so that web-2 comes before web-10. */
function sortKey(name: string): string {
  return name.replaceAll(/\d+/g, (digits) => digits.padStart(10, '0'));
}
