import type { Socket } from 'node:net';
import { networkOf } from '../../access/network-of.ts';
import { Connection } from './connection.ts';
import type { HttpLimits } from './connection-limits.ts';

/** An address from which somebody was recognised has precedence over others for so long, in milliseconds. */
const trustedMs = 12 * 3_600_000;
const maxTrusted = 1000;

/**
 * The connections of one port or socket. Those that have shown a login are never ended to make room; of the others there
 * can be only so many, in all and of one address, and the oldest makes room.
 */
export class Connections {
  readonly #limits: HttpLimits;
  readonly #trustsPeers: boolean;
  /** In the order of their beginning. */
  readonly #known = new Set<Connection>();
  readonly #strangers = new Set<Connection>();
  /** By address. */
  readonly #counts = new Map<string, { all: number; strangers: number }>();
  /** When somebody was last recognised from an address, oldest first. */
  readonly #trusted = new Map<string, number>();
  readonly #timer: NodeJS.Timeout;

  /** `trustsPeers`: every client that can connect is trusted, and addresses are not distinguished. */
  constructor(limits: HttpLimits, trustsPeers: boolean) {
    this.#limits = limits;
    this.#trustsPeers = trustsPeers;
    this.#timer = setInterval(() => this.#check(), limits.checkIntervalMs);
    this.#timer.unref();
  }

  get size(): number {
    return this.#known.size + this.#strangers.size;
  }

  /** Takes a connection, which may end another one; undefined when it is one too many: it is destroyed. */
  accept(socket: Socket): Connection | undefined {
    const address = this.#trustsPeers ? '' : networkOf(socket.remoteAddress ?? '');
    const { all = 0, strangers = 0 } = this.#counts.get(address) ?? {};
    const { maxConnections, maxStrangers, maxPerAddress, maxStrangersPerAddress } = this.#limits;
    const isOverQuota = !this.#trustsPeers && (all >= maxPerAddress || strangers >= maxStrangersPerAddress);
    const isFull = this.size >= maxConnections || (!this.#trustsPeers && this.#strangers.size >= maxStrangers);
    if ((isOverQuota && !this.#makeRoom(address)) || (!isOverQuota && isFull && !this.#makeRoom())) {
      socket.destroy();
      return undefined;
    }
    const nowMs = performance.now();
    const connection = new Connection(socket, {
      address,
      isKnown: this.#trustsPeers,
      nowMs,
      onKnown: (known) => this.#becameKnown(known),
    });
    (this.#trustsPeers ? this.#known : this.#strangers).add(connection);
    this.#count(address, 1, this.#trustsPeers ? 0 : 1);
    socket.once('close', () => this.#forget(connection));
    return connection;
  }

  destroyAll(): void {
    for (const connection of [...this.#known, ...this.#strangers]) connection.destroy();
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }

  #check(): void {
    const nowMs = performance.now();
    for (const connection of [...this.#known, ...this.#strangers]) connection.check(this.#limits, nowMs);
  }

  /**
   * Ends a stranger: of this address, or of any, then first of all of one that nobody logged in from. False when there is
   * none.
   */
  #makeRoom(address?: string): boolean {
    const isForeign = (each: Connection): boolean => !this.#isTrusted(each.address);
    const victim =
      address === undefined
        ? (this.#oldestStranger(isForeign) ?? this.#oldestStranger(() => true))
        : this.#oldestStranger((each) => each.address === address);
    if (victim !== undefined) this.#end(victim);
    return victim !== undefined;
  }

  /** One on which nothing is asked before any other. */
  #oldestStranger(isCandidate: (connection: Connection) => boolean): Connection | undefined {
    let oldest: Connection | undefined;
    for (const each of this.#strangers) {
      if (!isCandidate(each)) continue;
      if (each.isIdle) return each;
      oldest ??= each;
    }
    return oldest;
  }

  #end(connection: Connection): void {
    this.#forget(connection);
    connection.destroy();
  }

  #isTrusted(address: string): boolean {
    return performance.now() - (this.#trusted.get(address) ?? Number.NEGATIVE_INFINITY) < trustedMs;
  }

  #becameKnown(connection: Connection): void {
    const { address } = connection;
    this.#trusted.delete(address);
    this.#trusted.set(address, performance.now());
    const [oldest] = this.#trusted.keys();
    if (this.#trusted.size > maxTrusted && oldest !== undefined) this.#trusted.delete(oldest);
    if (!this.#strangers.delete(connection)) return;
    this.#known.add(connection);
    this.#count(address, 0, -1);
  }

  #forget(connection: Connection): void {
    const wasStranger = this.#strangers.delete(connection);
    if (!wasStranger && !this.#known.delete(connection)) return;
    this.#count(connection.address, -1, wasStranger ? -1 : 0);
  }

  #count(address: string, all: number, strangers: number): void {
    const before = this.#counts.get(address) ?? { all: 0, strangers: 0 };
    const after = { all: before.all + all, strangers: before.strangers + strangers };
    if (after.all === 0) this.#counts.delete(address);
    else this.#counts.set(address, after);
  }
}
