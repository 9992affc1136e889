import type { Log } from '@innkeeper/kit';
import type { Store } from '@innkeeper/store';
import type { Caller } from '../ports/caller.ts';
import { type AccessClock, hostAccessClock } from './access-clock.ts';
import { authenticate, type Credentials } from './authenticate.ts';
import { LiveCallers } from './live-callers.ts';
import { Login } from './login.ts';
import { Passwords } from './passwords.ts';
import { Sessions } from './sessions.ts';
import { Users } from './users.ts';

/** Default interval for rechecking open calls: sessions expire, and another process may have ended one. */
const recheckIntervalMs = 15_000;
const pruneIntervalMs = 3_600_000;
/** How long expired tokens are listed. */
const expiredTokenMs = 30 * 24 * 3_600_000;

export interface AccessOptions {
  readonly store: Store;
  readonly log: Log;
  readonly clock?: AccessClock;
  /** Interval for rechecking open calls; default 15 s. */
  readonly recheckMs?: number;
}

/** Users, sessions and tokens, and what they may do. */
export class Access implements Disposable {
  readonly store: Store;
  readonly clock: AccessClock;
  readonly passwords = new Passwords();
  readonly sessions: Sessions;
  readonly users: Users;
  readonly login: Login;
  readonly live = new LiveCallers();
  readonly #stopTimers: (() => void)[];

  constructor({ store, log, clock = hostAccessClock, recheckMs = recheckIntervalMs }: AccessOptions) {
    const nowMs = (): number => clock.nowMs();
    this.store = store;
    this.clock = clock;
    this.sessions = new Sessions(store, nowMs);
    this.users = new Users(store, nowMs);
    this.login = new Login(store, this.passwords, nowMs);
    const prune = async (): Promise<void> => {
      await this.sessions.prune();
      await store.tokens.prune(nowMs() - expiredTokenMs);
    };
    this.#stopTimers = [
      clock.repeat(recheckMs, () => void this.live.recheck()),
      clock.repeat(pruneIntervalMs, () => {
        // Expired rows that could not be removed now are invalid anyway.
        prune().catch((error: unknown) => log.warn('access.prune-failed', { error: String(error) }));
      }),
    ];
  }

  /** Returns the caller. Fails with TOKEN_INVALID, SESSION_EXPIRED. A recheck does not count as use of the session. */
  authenticate(credentials: Credentials, { isUse = true }: { isUse?: boolean } = {}): Promise<Caller> {
    const { store, sessions, clock } = this;
    return authenticate(credentials, { store, sessions, nowMs: () => clock.nowMs(), isUse });
  }

  /** Path and fragment that log the first administrator in once; undefined without one. */
  async firstLoginPath(): Promise<string | undefined> {
    await this.users.createFirst();
    const user = await this.users.firstAdministrator();
    if (user === undefined) return undefined;
    const { secret } = await this.sessions.createLink(user.name);
    return loginPath(secret);
  }

  [Symbol.dispose](): void {
    for (const stop of this.#stopTimers) stop();
  }
}

/** Browsers do not send a fragment to a server, so the secret is in no log. */
export function loginPath(secret: string): string {
  return `/login#${secret}`;
}
