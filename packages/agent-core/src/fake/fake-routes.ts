import type { LinkAddress, NetworkLink } from '../host.ts';
import { HostError } from '../host-error.ts';
import { parseAddress } from '../network/ip-address.ts';
import {
  AF_INET6,
  addressBody,
  type KernelRoute,
  neighbourBody,
  parseAddressBody,
  parseNeighbourBody,
  parseRouteBody,
  RTM_GETADDR,
  RTM_GETNEIGH,
  RTM_GETROUTE,
  RTM_NEWADDR,
  RTM_NEWNEIGH,
  RTM_NEWROUTE,
  RTM_SETLINK,
  routeBody,
} from '../network/netlink.ts';

/** The addresses and links of a FakeNetwork. */
interface Interfaces {
  interfaces: NetworkLink[];
  rows: LinkAddress[];
}

/** The routes and neighbours of a kernel, and rtnetlink's requests that agent-core uses. */
export class FakeRoutes {
  readonly #interfaces: Interfaces;
  /** Bodies of RTM_NEWROUTE. */
  bodies: Uint8Array[] = [fakeRoute(2, '0.0.0.0/0', '10.0.2.2')];
  /** NUD_* of a neighbour; default: reachable. */
  neighbourState: (address: string) => number = () => 2;
  /** Neighbours that were asked for their hardware address. */
  readonly asked: string[] = [];
  /** Called before every change: returns an errno to fail with. */
  fail: ((type: number) => string | undefined) | undefined;

  constructor(interfaces: Interfaces) {
    this.#interfaces = interfaces;
  }

  /** "0.0.0.0/0 10.0.2.2". */
  get texts(): string[] {
    return this.bodies.map((body) => {
      const { text = '', gateway = '' } = parseRouteBody(body) ?? {};
      return `${text} ${gateway}`;
    });
  }

  request(type: number, body: Uint8Array): Uint8Array[] {
    const family = body[0] ?? 0;
    switch (type) {
      case RTM_GETADDR:
        return this.#interfaces.rows
          .filter(({ address }) => address.includes(':') === (family === AF_INET6))
          .map(({ linkIndex, address, prefixLength }) => addressBody(linkIndex, bytesOf(address), prefixLength));
      case RTM_GETROUTE:
        return this.bodies.filter((route) => route[0] === family);
      case RTM_GETNEIGH:
        return this.asked
          .filter((address) => address.includes(':') === (family === AF_INET6))
          .map((address) => neighbourBody(2, bytesOf(address), this.neighbourState(address)));
    }
    const errno = this.fail?.(type);
    if (errno !== undefined) throw new HostError(errno, 'netlink');
    this.#change(type, body);
    return [];
  }

  #change(type: number, body: Uint8Array): void {
    const state = this.#interfaces;
    switch (type) {
      case RTM_NEWADDR:
      case RTM_NEWADDR + 1: {
        const { text, link: linkIndex } = parseAddressBody(body);
        const [address = '', length] = text.split('/');
        state.rows = state.rows.filter((row) => row.address !== address || row.linkIndex !== linkIndex);
        if (type === RTM_NEWADDR) state.rows.push({ linkIndex, address, prefixLength: Number(length) });
        else if (!state.rows.some((row) => row.linkIndex === linkIndex && !row.address.includes(':')))
          this.bodies = this.bodies.filter((route) => parseRouteBody(route)?.link !== linkIndex);
        break;
      }
      case RTM_NEWROUTE:
      case RTM_NEWROUTE + 1: {
        const key = keyOf(parseRouteBody(body));
        this.bodies = this.bodies.filter((route) => keyOf(parseRouteBody(route)) !== key);
        if (type === RTM_NEWROUTE) this.bodies.push(body);
        break;
      }
      case RTM_SETLINK: {
        const index = body[4];
        const mtu = body.length > 16 ? (body[20] ?? 0) + 256 * (body[21] ?? 0) : undefined;
        state.interfaces = state.interfaces.map((link) =>
          link.index === index
            ? { ...link, mtu: mtu ?? link.mtu, flags: (link.flags & ~1) | ((body[8] ?? 0) & 1) }
            : link,
        );
        break;
      }
      case RTM_NEWNEIGH: {
        const { address } = parseNeighbourBody(body);
        if (!this.asked.includes(address)) this.asked.push(address);
        break;
      }
      default:
        throw new HostError('EOPNOTSUPP', 'netlink');
    }
  }
}

/** The body of a route. */
export function fakeRoute(linkIndex: number, destination: string, gateway: string): Uint8Array {
  const [address = '', length] = destination.split('/');
  const bytes = { destination: bytesOf(address), gateway: bytesOf(gateway) };
  return routeBody(linkIndex, { ...bytes, length: Number(length), metric: 0, onLink: false });
}

function keyOf(route: KernelRoute | undefined): string {
  return `${route?.link} ${route?.text} ${route?.metric}`;
}

function bytesOf(address: string): Uint8Array {
  return parseAddress(address) ?? new Uint8Array(0);
}
