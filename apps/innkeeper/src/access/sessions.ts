import type { SessionRow, Store } from '@innkeeper/store';
import { csrfTokenOf, hashSecret, newId, newSecret } from './secrets.ts';

const hourMs = 3_600_000;
/** A session that nobody used for so long has ended. */
export const sessionIdleMs = 12 * hourMs;
/** And every session, this long after the login. */
export const sessionMaxMs = 7 * 24 * hourMs;
export const loginLinkMs = 600_000;
/** How exactly it is known when a session or token was used last. */
export const seenIntervalMs = 60_000;

/** Clocks of replicas may differ by so much. A session that began later than that from now has a clock set back: ended. */
const maxAheadMs = 300_000;

const maxUserAgentChars = 200;
/** Of one user; the one that was used longest ago makes room. */
const maxSessions = 50;

/** A session that is good now. */
export interface OpenSession {
  readonly id: string;
  readonly userName: string;
  readonly csrfToken: string;
  readonly expiresMs: number;
}

/** When this session ends if nobody uses it. */
export function sessionExpiresMs({ created_ms, last_seen_ms }: SessionRow): number {
  return Math.min(last_seen_ms + sessionIdleMs, created_ms + sessionMaxMs);
}

/** Opens sessions and finds them again. Only hashes of their secrets are kept. */
export class Sessions {
  readonly #store: Store;
  readonly #nowMs: () => number;

  constructor(store: Store, nowMs: () => number) {
    this.#store = store;
    this.#nowMs = nowMs;
  }

  async open(
    userName: string,
    from: { readonly address: string; readonly userAgent: string },
  ): Promise<{ readonly secret: string; readonly session: OpenSession }> {
    const { sessions } = this.#store;
    const nowMs = this.#nowMs();
    const older = await sessions.list(userName);
    for (const { id } of older.slice(maxSessions - 1)) await sessions.remove(id);
    const secret = newSecret();
    const row: SessionRow = {
      id: newId(),
      hash: hashSecret(secret),
      user_name: userName,
      address: from.address,
      user_agent: from.userAgent.slice(0, maxUserAgentChars),
      created_ms: nowMs,
      last_seen_ms: nowMs,
    };
    await sessions.insert(row);
    return { secret, session: { ...openOf(row), csrfToken: csrfTokenOf(secret) } };
  }

  /** The session of a cookie; undefined if it has ended. `isUse`: it counts as being used. */
  async find(secret: string, isUse: boolean): Promise<OpenSession | undefined> {
    const row = await this.#store.sessions.findByHash(hashSecret(secret));
    const nowMs = this.#nowMs();
    if (row === undefined || sessionExpiresMs(row) <= nowMs || row.created_ms > nowMs + maxAheadMs) return undefined;
    if (isUse && Math.abs(nowMs - row.last_seen_ms) >= seenIntervalMs) await this.#store.sessions.seen(row.id, nowMs);
    return { ...openOf(row), csrfToken: csrfTokenOf(secret) };
  }

  /** A secret that logs the user in once, within 10 minutes. */
  async createLink(userName: string): Promise<{ readonly secret: string; readonly expiresMs: number }> {
    const secret = newSecret();
    const expiresMs = this.#nowMs() + loginLinkMs;
    await this.#store.sessions.insertLink({ hash: hashSecret(secret), user_name: userName, expires_ms: expiresMs });
    return { secret, expiresMs };
  }

  /** Consumes a link. Returns the user that it logs in; undefined if it is unknown, used or expired. */
  async takeLink(secret: string): Promise<string | undefined> {
    const link = await this.#store.sessions.takeLink(hashSecret(secret));
    return link === undefined || link.expires_ms <= this.#nowMs() ? undefined : link.user_name;
  }

  /** Forgets what has ended. */
  async prune(): Promise<void> {
    const nowMs = this.#nowMs();
    await this.#store.sessions.prune(nowMs - sessionIdleMs, nowMs - sessionMaxMs, nowMs);
  }
}

function openOf(row: SessionRow): Omit<OpenSession, 'csrfToken'> {
  return { id: row.id, userName: row.user_name, expiresMs: sessionExpiresMs(row) };
}
