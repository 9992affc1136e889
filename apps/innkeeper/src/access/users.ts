import { isOperationError, OperationError } from '@innkeeper/contract';
import type { AccessState, RoleBindingRow, Store, UserChange, UserRow } from '@innkeeper/store';
import type { Caller } from '../ports/caller.ts';
import { reservedNames } from './caller.ts';
import { assertCovers, assertMayActOn } from './cover.ts';
import { grantsOf, listRoles, rolesOf } from './grants.ts';
import { assertAdministratorStays, holdersOf } from './last-administrator.ts';
import { privilegeNames } from './privileges.ts';
import { checkScope } from './scope.ts';

/** The user that the first start creates, who logs in with a login link. */
const firstUserName = 'admin';

const maxBindings = 100;

export type Binding = Pick<RoleBindingRow, 'role' | 'scope'>;

/** Makes, changes and removes users, so that somebody always can manage them. */
export class Users {
  readonly #store: Store;
  readonly #nowMs: () => number;

  constructor(store: Store, nowMs: () => number) {
    this.#store = store;
    this.#nowMs = nowMs;
  }

  /** Fails with ACCOUNT_NOT_FOUND. */
  async get(name: string): Promise<UserRow> {
    const user = await this.#store.users.find(name);
    if (user !== undefined) return user;
    throw new OperationError('ACCOUNT_NOT_FOUND', `There is no user "${name.slice(0, 63)}".`);
  }

  /** Fails with INVALID_NAME, ACCOUNT_NAME_TAKEN, ROLE_NOT_FOUND, INVALID_ARGUMENT. */
  async create(name: string, bindings: readonly Binding[], password: string | null): Promise<UserRow> {
    if (!/^[a-z][a-z0-9._-]{0,62}$/.test(name) || reservedNames.includes(name)) {
      throw new OperationError('INVALID_NAME', `"${name.slice(0, 63)}" cannot be the name of a user.`, {
        nextStep: `Use 1 to 63 characters of a-z, 0-9, ".", "_" and "-", first a letter; not ${reservedNames.join(' or ')}.`,
      });
    }
    const stored = await this.checkBindings(bindings);
    const row = { name, created_ms: this.#nowMs(), last_login_ms: null, disabled: 0, password };
    await this.#store.users.insert(row, stored);
    return row;
  }

  /**
   * Changes or removes. `by` may act only on users whose privileges they hold, and give only what they hold. Fails with
   * ACCOUNT_NOT_FOUND, PRIVILEGE_MISSING, LAST_ADMINISTRATOR; nothing has changed then.
   */
  async change(name: string, asked: UserChange | 'remove', by?: Caller): Promise<void> {
    await this.get(name);
    const change =
      asked === 'remove' || asked.bindings === undefined
        ? asked
        : { ...asked, bindings: await this.checkBindings(asked.bindings) };
    await this.#store.users.change(name, change, (before, after) => {
      if (by !== undefined) {
        assertMayActOn(by, name, before);
        if (change !== 'remove') assertCovers(by, grantsOf(change.bindings ?? [], rolesOf(before)));
      }
      assertAdministratorStays(before, after);
    });
  }

  /** Throws PRIVILEGE_MISSING when the caller may not act on this user. */
  async assertMayActOn(caller: Caller, name: string): Promise<void> {
    assertMayActOn(caller, name, await this.#state());
  }

  /**
   * Who is logged in by links that no user is named for: the first user, else the oldest who may do everything, else the
   * oldest who may manage users.
   */
  async firstAdministrator(): Promise<UserRow | undefined> {
    const state = await this.#state();
    const managers = holdersOf(state, ['user.manage']);
    const first = managers.find(({ name }) => name === firstUserName);
    const oldest = (users: readonly UserRow[]): UserRow | undefined =>
      users.toSorted((a, b) => a.created_ms - b.created_ms)[0];
    return first ?? oldest(holdersOf(state, privilegeNames)) ?? oldest(managers);
  }

  /** At the first start: a user who may do everything, without a password. */
  async createFirst(): Promise<void> {
    if ((await this.#store.users.list()).length > 0) return;
    try {
      await this.create(firstUserName, [{ role: 'administrator', scope: '*' }], null);
    } catch (error) {
      // Another control plane on this database was faster.
      if (!isOperationError(error) || error.reason !== 'ACCOUNT_NAME_TAKEN') throw error;
    }
  }

  async #state(): Promise<AccessState> {
    const { users, roles } = this.#store;
    return { users: await users.list(), bindings: await users.bindings(), roles: await roles.list() };
  }

  /** Returns them as they are stored. Fails with ROLE_NOT_FOUND, INVALID_ARGUMENT. */
  async checkBindings(bindings: readonly Binding[]): Promise<Binding[]> {
    if (bindings.length > maxBindings) {
      throw new OperationError('INVALID_ARGUMENT', `A user can have ${maxBindings} roles.`);
    }
    const roles = await listRoles(this.#store);
    return bindings.map(({ role, scope }) => {
      if (roles.some(({ name }) => name === role)) return { role, scope: checkScope(scope) };
      throw new OperationError('ROLE_NOT_FOUND', `There is no role "${role.slice(0, 63)}".`);
    });
  }
}
