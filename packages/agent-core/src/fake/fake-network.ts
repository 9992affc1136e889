import type { LinkAddress, LinkCounters, NetworkLink, NetworkPort } from '../host.ts';
import { HostError } from '../host-error.ts';
import { FakeRoutes } from './fake-routes.ts';

/** lo and eth0, with the default route through eth0. */
export class FakeNetwork implements NetworkPort {
  readonly #watchers = new Set<() => void>();
  interfaces: NetworkLink[] = [
    fakeLink('lo', { index: 1, flags: 0x9, operState: 0, macAddress: '00:00:00:00:00:00' }),
    fakeLink('eth0', { index: 2, macAddress: '52:54:00:12:34:56' }),
  ];
  rows: LinkAddress[] = [
    { linkIndex: 1, address: '127.0.0.1', prefixLength: 8 },
    { linkIndex: 2, address: '10.0.2.15', prefixLength: 24 },
    { linkIndex: 2, address: 'fe80::5054:ff:fe12:3456', prefixLength: 64 },
  ];
  /** What rtnetlink's requests read and change, along with `interfaces` and `rows`. */
  readonly kernel = new FakeRoutes(this);
  /** The kernel's decision for a destination. */
  route: (destination: string) => ReturnType<NetworkPort['routeTo']> = (destination) =>
    destination.includes(':') ? undefined : { linkIndex: 2, source: '10.0.2.15' };
  /** What accepts connections; default: nothing does. */
  connect: NetworkPort['connect'] = async () => {
    throw new HostError('ECONNREFUSED', 'connect');
  };
  /** Number of times that addresses were read. */
  addressReads = 0;

  get watcherCount(): number {
    return this.#watchers.size;
  }

  links(): NetworkLink[] {
    return [...this.interfaces];
  }

  addresses(): LinkAddress[] {
    this.addressReads += 1;
    return this.rows;
  }

  routeTo(destination: string): ReturnType<NetworkPort['routeTo']> {
    return this.route(destination);
  }

  request(type: number, _flags: number, body: Uint8Array): Uint8Array[] {
    return this.kernel.request(type, body);
  }

  watch(callback: () => void): () => void {
    this.#watchers.add(callback);
    return () => this.#watchers.delete(callback);
  }

  /** Simulates a change of a link or address. */
  change(): void {
    for (const callback of this.#watchers) callback();
  }
}

/** An interface that is up and has moved 1000 bytes each way. */
export function fakeLink(name: string, facts: Partial<NetworkLink> & { readonly index: number }): NetworkLink {
  const usual = { name, kind: '', macAddress: '52:54:00:00:00:09', flags: 0x1003, operState: 6, mtu: 1500 };
  return Object.assign({ ...usual, masterIndex: 0, counters: evenCounters(1000n) }, facts);
}

/** Counters with this value in every field. */
export function evenCounters(value: bigint): LinkCounters {
  return {
    rxBytes: value,
    rxPackets: value,
    rxErrors: value,
    rxDropped: value,
    txBytes: value,
    txPackets: value,
    txErrors: value,
    txDropped: value,
  };
}
