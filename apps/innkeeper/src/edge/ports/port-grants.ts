import { newSecret } from '../../access/secrets.ts';

/** A page that is not used for so long asks the console again. */
const idleMs = 12 * 3600_000;
/** Beyond them, the one that was not used for longest ends. */
const maxGrants = 1000;

interface Grant {
  readonly vm: string;
  readonly port: string;
  /** Of the login session whose user opened the port. */
  readonly cookie: string;
  usedMs: number;
}

/**
 * Secrets in the addresses of guests' pages. A page of a guest must not have the cookie of the console's session, so its
 * address stands for that session, for one port of one VM. It ends with the session, and with this process.
 */
export class PortGrants {
  /** The one used longest ago first. */
  readonly #grants = new Map<string, Grant>();
  readonly #nowMs: () => number;

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  create(grant: Omit<Grant, 'usedMs'>): string {
    const secret = newSecret();
    this.#grants.set(secret, { ...grant, usedMs: this.#nowMs() });
    for (const oldest of this.#grants.keys()) {
      if (this.#grants.size <= maxGrants) break;
      this.#grants.delete(oldest);
    }
    return secret;
  }

  /** The cookie of the session that a secret stands for; undefined if it is not for this port, or has ended. */
  cookieOf(secret: string, { vm, port }: { readonly vm: string; readonly port: string }): string | undefined {
    const grant = this.#grants.get(secret);
    if (grant === undefined || grant.vm !== vm || grant.port !== port) return undefined;
    this.#grants.delete(secret);
    if (this.#nowMs() - grant.usedMs > idleMs) return undefined;
    grant.usedMs = this.#nowMs();
    this.#grants.set(secret, grant);
    return grant.cookie;
  }
}
