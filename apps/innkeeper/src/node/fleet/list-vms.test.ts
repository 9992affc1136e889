import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { create, type MessageInitShape } from '@bufbuild/protobuf';
import { AgentState, agentBootMs, type ListVmsRequest, type Vm, VmSchema, VmState } from '@innkeeper/contract/control';
import { seesEverything } from '../../access/viewer.ts';
import type { VmApi } from '../../ports/node-api.ts';
import type { VmSummary } from '../../ports/vm-summary.ts';
import { FleetIndex, type VmSource } from './fleet-index.ts';
import { fleetSummary } from './fleet-summary.ts';
import { listVms } from './list-vms.ts';

type VmInit = Exclude<MessageInitShape<typeof VmSchema>, Vm>;

/** VMs that tests change directly. */
class FakeVms implements VmSource {
  readonly vms = new Map<string, Vm>();
  looks = 0;
  #listeners = new Set<(id: string) => void>();

  set(name: string, init: VmInit = {}): void {
    this.vms.set(name, create(VmSchema, { id: name, name, state: VmState.RUNNING, ...init }));
    this.emit(name);
  }

  delete(name: string): void {
    this.vms.delete(name);
    this.emit(name);
  }

  emit(id: string): void {
    for (const listener of this.#listeners) listener(id);
  }

  list(): readonly VmApi[] {
    return [...this.vms.values()].map((vm) => this.#look(vm));
  }

  byId(id: string): VmApi | undefined {
    const vm = this.vms.get(id);
    return vm === undefined ? undefined : this.#look(vm);
  }

  #look(vm: Vm): VmApi {
    const summary = (): VmSummary => {
      this.looks++;
      const agent = vm.agent ?? { state: AgentState.WAITING, version: '' };
      return { ...vm, agent, agentSinceMs: Date.now() - Number(vm.agent?.lastSeenUnixNs ?? 0n), createdMs: 0 };
    };
    return { id: vm.id, summary, describe: () => vm } as unknown as VmApi;
  }

  onChange(listener: (id: string) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}

const connected = (cpu: number | undefined, usedBytes: bigint): VmInit => ({
  agent: { $typeName: 'innkeeper.control.v1.Agent', state: AgentState.CONNECTED, version: '0.1.0' } as never,
  telemetry: {
    cpu: { ...(cpu === undefined ? {} : { busyPercent: cpu }) },
    memory: { usedBytes, totalBytes: 100n },
  } as never,
});

function fleetOf(): { source: FakeVms; names: (request?: Partial<ListVmsRequest>) => string[]; fleet: FleetIndex } {
  const source = new FakeVms();
  const fleet = new FleetIndex(source, '0.2.0');
  source.set('web-10', { ...connected(50, 90n), tags: { env: 'prod' } });
  source.set('web-2', { ...connected(undefined, 10n), image: 'debian' });
  source.set('db', { state: VmState.STOPPED, agent: { state: AgentState.OFF } as never, tags: { env: 'test' } });
  const whole = { filter: '', sort: '', pageSize: 0, offset: 0 };
  const names = (request: Partial<ListVmsRequest> = {}): string[] =>
    listVms(fleet, { ...whole, ...request }, seesEverything).entries.map(({ vm }) => vm.name);
  return { source, names, fleet };
}

describe('listVms()', () => {
  it('a list of VMs is in natural order of names', () => {
    assert.deepEqual(fleetOf().names(), ['db', 'web-2', 'web-10']);
    assert.deepEqual(fleetOf().names({ sort: '-name' }), ['web-10', 'web-2', 'db']);
  });

  it('unknown values come last in either order of a list of VMs', () => {
    const { names } = fleetOf();
    assert.deepEqual(names({ sort: 'cpu' }), ['web-10', 'db', 'web-2']);
    assert.deepEqual(names({ sort: '-cpu' }), ['web-10', 'db', 'web-2']);
    assert.deepEqual(names({ sort: '-memory' }), ['web-10', 'web-2', 'db']);
  });

  const filters: readonly (readonly [string, readonly string[]])[] = [
    ['web', ['web-2', 'web-10']],
    ['state:running', ['web-2', 'web-10']],
    ['!state:running', ['db']],
    ['tag:env', ['db', 'web-10']],
    ['tag:env=prod', ['web-10']],
    ['!tag:env=prod', ['db', 'web-2']],
    ['mem>80', ['web-10']],
    ['!mem>80', ['web-2']],
    ['cpu>=0', ['web-10']],
    ['agent:outdated', ['web-2', 'web-10']],
    ['image:debian', ['web-2']],
    ['web mem<50', ['web-2']],
  ];
  for (const [filter, expected] of filters) {
    it(`the filter ${filter} finds ${expected.join(' and ')}`, () =>
      assert.deepEqual(fleetOf().names({ filter }), expected));
  }

  it('an invalid filter is refused, naming the invalid part', () => {
    assert.throws(() => fleetOf().names({ filter: 'web state:flying' }), /is invalid at "state:flying"/);
  });

  it('listing VMs refuses an unknown sort key, and a page that is too large', () => {
    assert.throws(() => fleetOf().names({ sort: 'constructor' }), /sort is "constructor"/);
    assert.throws(() => fleetOf().names({ pageSize: 1001 }), /at most 1000/);
  });

  it('the total of a list of VMs includes matches beyond the page', () => {
    const { fleet } = fleetOf();
    const { entries, total } = listVms(fleet, { filter: '', sort: '', pageSize: 1, offset: 1 }, seesEverything);
    assert.deepEqual([entries.map(({ vm }) => vm.name), total], [['web-2'], 3]);
  });

  it('a list of VMs contains and counts only visible ones', () => {
    const { fleet } = fleetOf();
    const viewer = { seesEverything: false, sees: ({ id }: { readonly id: string }) => id === 'db' };
    const { entries, total } = listVms(fleet, { filter: '', sort: '', pageSize: 0, offset: 0 }, viewer);
    assert.deepEqual([entries.map(({ vm }) => vm.name), total], [['db'], 1]);
    assert.equal(fleetSummary(fleet, viewer).vms, 1);
  });
});

describe('FleetIndex', () => {
  it('the fleet index describes only changed VMs again', () => {
    const { source, names } = fleetOf();
    names();
    const before = source.looks;
    names();
    assert.equal(source.looks, before);
    source.set('web-2', connected(5, 5n));
    assert.deepEqual(names({ filter: 'cpu<10' }), ['web-2']);
    assert.equal(source.looks, before + 1);
  });

  it('the fleet index forgets deleted VMs', () => {
    const { source, names, fleet } = fleetOf();
    names();
    source.delete('web-2');
    assert.deepEqual(names(), ['db', 'web-10']);
    assert.equal(fleet.find('web-2'), undefined);
  });
});

describe('fleetSummary()', () => {
  it('a booting VM is counted as not reporting only once it has had time to boot', () => {
    const source = new FakeVms();
    using fleet = new FleetIndex(source, '');
    const waiting = (waitedMs: number): VmInit => ({
      agent: {
        $typeName: 'innkeeper.control.v1.Agent',
        state: AgentState.WAITING,
        lastSeenUnixNs: BigInt(waitedMs),
      } as never,
    });
    source.set('boots', waiting(0));
    assert.equal(fleetSummary(fleet, seesEverything).silent, 0);
    assert.equal(listVms(fleet, { filter: 'agent:silent', sort: '', pageSize: 0, offset: 0 }, seesEverything).total, 0);
    source.set('late', waiting(agentBootMs + 1));
    assert.equal(fleetSummary(fleet, seesEverything).silent, 1);
  });

  it('the fleet summary has counts, and the busiest VMs first', () => {
    const { fleet } = fleetOf();
    const { vms, running, connected: agents, outdated, silent, topMemory } = fleetSummary(fleet, seesEverything);
    assert.deepEqual([vms, running, agents, outdated, silent], [3, 2, 2, 2, 0]);
    assert.deepEqual(
      topMemory?.map((vm) => vm.name),
      ['web-10', 'web-2'],
    );
  });
});
