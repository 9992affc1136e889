import { AgentState, isOutdatedVersion, isSilent, vmFigures } from '@innkeeper/contract/control';
import type { Fleet, FleetEntry } from '../../ports/fleet.ts';
import type { NodeApi, VmApi } from '../../ports/node-api.ts';
import type { VmSummary } from '../../ports/vm-summary.ts';

/** The VMs themselves. */
export type VmSource = Pick<NodeApi['vms'], 'list' | 'byId' | 'onChange'>;

/**
 * All VMs, ready to be listed: a VM is looked at again only when it changed since the last list, so that a list of
 * thousands costs what changed and not what there is.
 */
export class FleetIndex implements Fleet, Disposable {
  readonly #source: VmSource;
  readonly #agentVersion: string;
  readonly #changedIds = new Set<string>();
  readonly #stop: () => void;
  /** Few versions, many VMs. */
  readonly #outdated = new Map<string, boolean>();
  /** In order of name; undefined before the first list. */
  #entries: FleetEntry[] | undefined;
  /** Where each VM stands in it. */
  #places = new Map<string, number>();

  /** `agentVersion` is the daemon's own; empty when it has none. */
  constructor(source: VmSource, agentVersion: string) {
    this.#source = source;
    this.#agentVersion = agentVersion;
    this.#stop = source.onChange((id) => this.#changedIds.add(id));
  }

  /** Every VM, in order of name. Good until the next change. */
  entries(): readonly FleetEntry[] {
    if (this.#entries === undefined) this.#replace(this.#source.list().map((vm) => this.#look(vm)));
    else if (this.#changedIds.size > 0) this.#update(this.#entries);
    this.#changedIds.clear();
    return this.#entries ?? [];
  }

  /** Undefined for one that is deleted, or never was. */
  find(id: string): VmSummary | undefined {
    const entries = this.entries();
    return entries[this.#places.get(id) ?? -1]?.vm;
  }

  [Symbol.dispose](): void {
    this.#stop();
  }

  #update(entries: FleetEntry[]): void {
    const added: FleetEntry[] = [];
    const gone = new Set<string>();
    for (const id of this.#changedIds) {
      const vm = this.#source.byId(id);
      const place = this.#places.get(id);
      if (vm === undefined) gone.add(id);
      else if (place === undefined) added.push(this.#look(vm));
      else entries[place] = this.#look(vm);
    }
    if (added.length > 0 || gone.size > 0) {
      this.#replace([...entries.filter(({ vm }) => !gone.has(vm.id)), ...added]);
    }
  }

  #replace(entries: FleetEntry[]): void {
    entries.sort((one, other) => (one.nameKey < other.nameKey ? -1 : 1));
    this.#entries = entries;
    this.#places = new Map(entries.map(({ vm }, place) => [vm.id, place]));
  }

  #look(source: VmApi): FleetEntry {
    const vm = source.summary();
    return {
      vm,
      figures: vmFigures(vm),
      outdated: this.#isOutdated(vm),
      silent: isSilent(vm),
      nameKey: vm.name.replaceAll(/\d+/g, (digits) => digits.padStart(10, '0')),
      describe: () => source.describe(),
    };
  }

  #isOutdated({ agent: { state, version } }: VmSummary): boolean {
    let older = this.#outdated.get(version);
    if (older === undefined) {
      older = isOutdatedVersion(version, this.#agentVersion);
      // A guest may claim any version, a new one each time.
      if (this.#outdated.size < 1000) this.#outdated.set(version, older);
    }
    return older && state === AgentState.CONNECTED;
  }
}
