import type { Access } from '../access.ts';

/** What a browser of this user sends along with every request. */
export interface SessionHeaders {
  readonly cookie: string;
  readonly 'x-innkeeper-csrf': string;
}

/** A user with a role of these privileges on this scope. */
export async function makeUser(
  access: Access,
  name: string,
  privileges: readonly string[],
  { scope = '*', password }: { readonly scope?: string; readonly password?: string } = {},
): Promise<void> {
  await access.users.createFirst();
  await access.store.roles.save({ name: `role-${name}`, description: '', privileges: JSON.stringify(privileges) });
  const hash = password === undefined ? null : await access.passwords.hash(password);
  await access.users.create(name, [{ role: `role-${name}`, scope }], hash);
}

/** A new session of a user, as its browser would show it. */
export async function sessionOf(access: Access, name: string): Promise<SessionHeaders> {
  const { secret, session } = await access.sessions.open(name, { address: '127.0.0.1', userAgent: 'test' });
  return { cookie: `innkeeper_session=${secret}`, 'x-innkeeper-csrf': session.csrfToken };
}
