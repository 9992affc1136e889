import { isOperationError, OperationError } from '@innkeeper/contract';
import type { RoleBindingRow, Store, UserChange, UserRow } from '@innkeeper/store';
import { reservedNames } from './caller.ts';
import { grantsOf, listRoles } from './grants.ts';
import { checkScope } from './scope.ts';

/** The user that the first start makes, who comes in by a login link. */
export const firstUserName = 'admin';

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
    await this.checkBindings(bindings);
    const row = { name, created_ms: this.#nowMs(), last_login_ms: null, disabled: 0, password };
    await this.#store.users.insert(row, bindings);
    return row;
  }

  /** Changes or removes. Fails with LAST_ADMINISTRATOR, and nothing has changed then. */
  async change(name: string, change: UserChange | 'remove'): Promise<void> {
    await this.get(name);
    if (change !== 'remove' && change.bindings !== undefined) await this.checkBindings(change.bindings);
    const roles = await listRoles(this.#store);
    await this.#store.users.change(name, change, (users, bindings) => {
      const isManager = ({ name: user, disabled }: UserRow): boolean => {
        const own = bindings.filter((binding) => binding.user_name === user);
        return disabled === 0 && grantsOf(own, roles).some((grant) => isManagement(grant));
      };
      if (users.some(isManager)) return;
      throw new OperationError('LAST_ADMINISTRATOR', 'After this nobody could manage users any more.');
    });
  }

  /** Who is logged in by links that no user is named for: the first user, or the oldest who may manage users. */
  async firstAdministrator(): Promise<UserRow | undefined> {
    const roles = await listRoles(this.#store);
    const users = (await this.#store.users.list()).filter((user) => user.disabled === 0);
    const oldest = users.toSorted(
      (a, b) => Number(b.name === firstUserName) - Number(a.name === firstUserName) || a.created_ms - b.created_ms,
    );
    for (const user of oldest) {
      const grants = grantsOf(await this.#store.users.bindings(user.name), roles);
      if (grants.some((grant) => isManagement(grant))) return user;
    }
    return undefined;
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

  /** Fails with ROLE_NOT_FOUND, INVALID_ARGUMENT. */
  async checkBindings(bindings: readonly Binding[]): Promise<void> {
    if (bindings.length > maxBindings) {
      throw new OperationError('INVALID_ARGUMENT', `A user can have ${maxBindings} roles.`);
    }
    const roles = await listRoles(this.#store);
    for (const { role, scope } of bindings) {
      checkScope(scope);
      if (roles.some(({ name }) => name === role)) continue;
      throw new OperationError('ROLE_NOT_FOUND', `There is no role "${role.slice(0, 63)}".`);
    }
  }
}

function isManagement({ scopes, privileges }: { scopes: readonly string[]; privileges: ReadonlySet<string> }): boolean {
  return scopes.length === 0 && privileges.has('user.manage');
}
