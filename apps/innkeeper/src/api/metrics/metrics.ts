import type { Vm } from '@innkeeper/contract/control';
import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import { type GuestFamily, guestFamilies } from './guest-families.ts';
import { addPlatformFamilies } from './platform-families.ts';

/** Formats the response to `GET /metrics` in Prometheus' text format. */
export class Metrics {
  /** The daemon's own process: memory, event loop, file descriptors. */
  readonly #process = new Registry();
  readonly #version: string;

  constructor({ version }: { readonly version: string }) {
    this.#version = version;
    collectDefaultMetrics({ register: this.#process, prefix: 'innkeeper_daemon_' });
  }

  get contentType(): string {
    return this.#process.contentType;
  }

  async render(vms: readonly Vm[]): Promise<string> {
    // Created for each request, so that removed VMs, mounts and interfaces disappear from the response.
    const registry = new Registry();
    addPlatformFamilies(registry, vms, this.#version);
    for (const family of guestFamilies) addGuestFamily(registry, family, vms);
    return `${await registry.metrics()}\n${await this.#process.metrics()}`;
  }
}

function addGuestFamily(registry: Registry, family: GuestFamily, vms: readonly Vm[]): void {
  const { name, help, type } = family;
  const options = { name, help, labelNames: ['vm', 'id', ...family.labels], registers: [registry] };
  const metric = type === 'counter' ? new Counter(options) : new Gauge(options);
  for (const vm of vms) {
    const seen = new Set<string>();
    for (const { value, labels = {} } of family.of(vm)) {
      const number = Number(value);
      const key = JSON.stringify(labels);
      // Two mounts at one path: the later one hides the other in the guest, too.
      if (value === undefined || !Number.isFinite(number) || number < 0 || seen.has(key)) continue;
      seen.add(key);
      metric.inc({ vm: vm.name, id: vm.id, ...labels }, number);
    }
  }
}
