import { readFileSync } from 'node:fs';

/** What clients may take of one port or socket. */
export interface HttpLimits {
  /** From the connection to the end of its first request's headers, the TLS handshake included. */
  readonly headersTimeoutMs: number;
  /** A connection on which nothing is asked, whatever else it sends. */
  readonly idleTimeoutMs: number;
  /** One request of somebody who is not logged in, from its headers to the end of its answer. */
  readonly strangerRequestMs: number;
  /** A body or an answer of which no byte arrives, of somebody who is not logged in. */
  readonly strangerStallMs: number;
  /** The same of somebody who is. */
  readonly stallMs: number;
  /** How often the times are looked at. */
  readonly checkIntervalMs: number;
  readonly maxConnections: number;
  /** Of those, by people who have not shown a login on the connection. One more ends the oldest of them. */
  readonly maxStrangers: number;
  /** Connections of one address, with and without a login. One more is refused. */
  readonly maxPerAddress: number;
  /** Of one address, without a login. One more ends the oldest of them. */
  readonly maxStrangersPerAddress: number;
  readonly maxHeaderBytes: number;
  /** At once on one HTTP/2 connection. */
  readonly maxStreams: number;
  /** SETTINGS frames on one HTTP/2 connection. */
  readonly maxSettings: number;
  /** Streams that the client resets on one HTTP/2 connection within 10 s (CVE-2023-44487, "rapid reset"). */
  readonly maxResets: number;
}

/** Each connection costs some 20 KB and one file descriptor. */
const mostConnections = 2000;
/** What the daemon needs besides: its database, consoles, VMs. */
const otherDescriptors = 256;

/** The numbers of every port and socket; docs/operate/serve.md has them with their reasons. */
export function defaultLimits(descriptors = descriptorLimit()): HttpLimits {
  // Half of the descriptors at most, so that a full port leaves enough for the unix socket and for VMs.
  const maxConnections = Math.max(64, Math.min(mostConnections, Math.floor((descriptors - otherDescriptors) / 2)));
  return {
    // A client on a bad line needs 2 s or 3 s for a TLS handshake and its headers.
    headersTimeoutMs: 10_000,
    // Browsers keep connections for some minutes, and open another one without anybody noticing.
    idleTimeoutMs: 60_000,
    // The agent (1 MB) at 32 kbit/s takes 4 minutes.
    strangerRequestMs: 300_000,
    strangerStallMs: 30_000,
    // A laptop that was suspended briefly continues its download.
    stallMs: 300_000,
    checkIntervalMs: 2_000,
    maxConnections,
    // The other half is for who is logged in.
    maxStrangers: Math.floor(maxConnections / 2),
    // One address, which may be a proxy with everybody behind it, leaves a quarter to others.
    maxPerAddress: Math.floor((maxConnections * 3) / 4),
    // A program that begins many calls with a token at once; a browser has six.
    maxStrangersPerAddress: Math.floor(maxConnections / 8),
    maxHeaderBytes: 16 * 1024,
    // RFC 9113 advises not to go below 100.
    maxStreams: 100,
    // Clients send one or two in the life of a connection.
    maxSettings: 100,
    // A page that is left cancels what it had asked for, at most all of its streams.
    maxResets: 200,
  };
}

/** How many files this process can have open. */
function descriptorLimit(): number {
  try {
    const [, soft] = /^Max open files +(\d+|unlimited)/m.exec(readFileSync('/proc/self/limits', 'utf8')) ?? [];
    if (soft !== undefined && soft !== 'unlimited') return Number(soft);
  } catch {
    // No /proc: not Linux. The most there are is assumed.
  }
  return Number.POSITIVE_INFINITY;
}
