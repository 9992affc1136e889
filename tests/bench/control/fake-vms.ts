import { create } from '@bufbuild/protobuf';
import { SystemSchema, TelemetrySchema } from '@innkeeper/contract/agent';
import { AgentState, type Vm, VmSchema, VmState } from '@innkeeper/contract/control';
import type { VmSource } from '../../../apps/innkeeper/src/node/fleet/fleet-index.ts';
import type { VmApi } from '../../../apps/innkeeper/src/ports/node-api.ts';

/** Many simulated VMs whose agents report every 5 s, described like real ones. */
export class FakeVms implements VmSource {
  readonly #vms: readonly VmApi[];
  readonly #listeners = new Set<(id: string) => void>();
  readonly #cpu: number[];
  #next = 0;

  constructor(count: number) {
    this.#cpu = Array.from({ length: count }, (_, index) => (index * 7919) % 100);
    this.#vms = Array.from({ length: count }, (_, index) => {
      const id = `00000000-0000-4000-8000-${String(index).padStart(12, '0')}`;
      return { id, name: `vm-${index}`, ...look(id, index, () => this.#cpu[index] ?? 0) };
    }) as unknown as readonly VmApi[];
  }

  list(): readonly VmApi[] {
    return this.#vms;
  }

  byId(id: string): VmApi | undefined {
    return this.#vms[Number(id.slice(-12))];
  }

  onChange(listener: (id: string) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Generates as many reports as arrive in this time. */
  report(milliseconds: number): void {
    const reports = Math.round((this.#vms.length * milliseconds) / 5000);
    for (let each = 0; each < reports; each++) {
      const index = this.#next++ % this.#vms.length;
      this.#cpu[index] = ((this.#cpu[index] ?? 0) + 13) % 100;
      const id = this.#vms[index]?.id ?? '';
      for (const listener of this.#listeners) listener(id);
    }
  }
}

const gib = 1024n ** 3n;

/** A VM whose last report is in memory. */
function look(id: string, index: number, busyPercent: () => number): Pick<VmApi, 'describe' | 'summary'> {
  let vm = describe(id, index);
  return {
    describe: () => {
      vm = describe(id, index);
      if (vm.telemetry?.cpu !== undefined) vm.telemetry.cpu.busyPercent = busyPercent();
      return vm;
    },
    summary: () => {
      if (vm.telemetry?.cpu !== undefined) vm.telemetry.cpu.busyPercent = busyPercent();
      const { name, state, image, node, cpus, telemetry, system } = vm;
      const known = { ...(telemetry === undefined ? {} : { telemetry }), ...(system === undefined ? {} : { system }) };
      const agent = { state: AgentState.CONNECTED, version: '0.1.0' };
      return {
        id,
        name,
        state,
        panicked: vm.panicked,
        image,
        node,
        cpus,
        tags: { ...vm.tags },
        agent,
        agentSinceMs: 0,
        createdMs: index,
        ...known,
      };
    },
  };
}

function describe(id: string, index: number): Vm {
  const mounts = ['/', '/boot', '/var', '/home'].map((mountPoint, place) => ({
    mountPoint,
    device: '/dev/vda1',
    filesystem: 'ext4',
    totalBytes: 20n * gib,
    usedBytes: BigInt((index + place) % 20) * gib,
    availableBytes: BigInt(20 - ((index + place) % 20)) * gib,
  }));
  const address = `10.${index >> 16}.${(index >> 8) & 255}.${index & 255}`;
  return create(VmSchema, {
    id,
    name: `vm-${index}`,
    state: VmState.RUNNING,
    image: 'debian',
    cpus: 2,
    memoryBytes: 2n * gib,
    diskBytes: 20n * gib,
    accelerator: 'kvm',
    driver: 'qemu',
    tags: { env: index % 10 === 0 ? 'prod' : 'test' },
    agent: { state: AgentState.CONNECTED, version: '0.1.0', capabilities: ['exec', 'files', 'telemetry', 'power'] },
    telemetry: create(TelemetrySchema, {
      cpu: { count: 2, userTicks: 1000n, idleTicks: 100_000n, busyPercent: 0 },
      memory: { totalBytes: 2n * gib, usedBytes: BigInt(index % 2000) * 1_000_000n, availableBytes: gib },
      load: { oneMinute: 0.5 },
      processCount: 120,
      uptimeSeconds: BigInt(index * 60),
      mounts,
      interfaces: ['lo', 'eth0'].map((name) => ({ name, up: true, addresses: [{ address, prefixLength: 16 }] })),
      primaryAddresses: [{ address, interface: 'eth0', reason: 'on the interface of the default route' }],
    }),
    system: create(SystemSchema, { hostname: `vm-${index}`, osId: 'debian', osPrettyName: 'Debian GNU/Linux 13' }),
  });
}
