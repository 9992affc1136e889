import { OperationError } from '@innkeeper/contract';
import type { Store } from '@innkeeper/store';
import { networkOf } from './network-of.ts';
import type { Passwords } from './passwords.ts';
import { Throttle } from './throttle.ts';

/** Ten wrong ones at once for one user, then one in 30 s. */
const userRate = { burst: 10, intervalMs: 30_000 };
/** Twenty for one address, then one in 10 s. */
const addressRate = { burst: 20, intervalMs: 10_000 };

const maxNameChars = 63;

/** Checks credentials. Does not reveal whether the name, the password or the link was wrong. */
export class Login {
  readonly #store: Store;
  readonly #passwords: Passwords;
  readonly #byUser: Throttle;
  readonly #byAddress: Throttle;

  constructor(store: Store, passwords: Passwords, nowMs: () => number) {
    this.#store = store;
    this.#passwords = passwords;
    this.#byUser = new Throttle(userRate, nowMs);
    this.#byAddress = new Throttle(addressRate, nowMs);
  }

  /** Resolves when the password is the user's. Fails with LOGIN_FAILED, LOGIN_THROTTLED. */
  async checkPassword(userName: string, password: string, address: string): Promise<void> {
    // Names that no user can have share one key, so that they cost no memory.
    const userKey = userName.length <= maxNameChars ? userName : '';
    const addressKey = networkOf(address);
    this.#takeTry(this.#byAddress.take(addressKey));
    this.#takeTry(this.#byUser.take(userKey));
    const user = userKey === '' ? undefined : await this.#store.users.find(userKey);
    const isUsable = user !== undefined && user.disabled === 0;
    // An unknown user takes as long as a known one.
    const isRight = await this.#passwords.verify(password, isUsable ? (user.password ?? undefined) : undefined);
    if (!isRight) throw new OperationError('LOGIN_FAILED', 'The user name or the password is wrong.');
    this.#byAddress.giveBack(addressKey);
    this.#byUser.giveBack(userKey);
  }

  /** Counts a try of a link from this address. Returns a function that cancels the try if the link was valid. */
  tryLink(address: string): () => void {
    const key = networkOf(address);
    this.#takeTry(this.#byAddress.take(key));
    return () => this.#byAddress.giveBack(key);
  }

  #takeTry(waitMs: number): void {
    if (waitMs === 0) return;
    throw new OperationError('LOGIN_THROTTLED', `Too many logins failed. Try again in ${Math.ceil(waitMs / 1000)} s.`);
  }
}
