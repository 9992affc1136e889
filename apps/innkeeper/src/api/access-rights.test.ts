import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { AccessState } from '@innkeeper/store';
import fc from 'fast-check';
import { type AccessTarget, mayDo } from '../access/authorize.ts';
import { anonymousCaller } from '../access/caller.ts';
import { grantsOf, rolesOf } from '../access/grants.ts';
import { type PrivilegeName, privilegeNames } from '../access/privileges.ts';
import { makeUser, sessionOf } from '../access/testing/test-users.ts';
import { callJson, type JsonAnswer } from './testing/call-json.ts';
import { type ServedApi, serveApi } from './testing/serve-api.ts';

const users = ['admin', 'anna', 'bert', 'carl'];
const roles = ['r0', 'r1', 'r2'];
const places: readonly AccessTarget[] = ['everywhere', { id: '1', tags: { a: 'b' } }, { id: '2', tags: {} }];

const user = fc.constantFrom(...users);
const role = fc.constantFrom(...roles);
const privileges = fc.oneof(
  fc.subarray<PrivilegeName>(['user.manage', 'vm.view', 'guest.exec', 'audit.view']),
  fc.constantFrom<readonly PrivilegeName[]>(
    privilegeNames,
    ['user.manage'],
    privilegeNames.filter((name) => name !== 'user.manage'),
  ),
);
const bindings = fc.array(
  fc.record({
    role: fc.constantFrom(...roles, 'administrator', 'viewer'),
    scope: fc.constantFrom('*', '*', 'tag:a', 'vm:1'),
  }),
  { maxLength: 3 },
);
const password = fc.constantFrom('', '', 'a good password');
const call = fc.oneof(
  fc.record({ method: fc.constant('DeleteUser'), request: fc.record({ name: user }) }),
  fc.record({
    method: fc.constant('UpdateUser'),
    request: fc.oneof(
      fc.record({ name: user, setRoles: fc.constant(true), roles: bindings }),
      fc.record({ name: user, disabled: fc.boolean() }),
      fc.record({ name: user, password }),
    ),
  }),
  fc.record({ method: fc.constant('CreateUser'), request: fc.record({ name: user, roles: bindings }) }),
  fc.record({ method: fc.constant('SetRole'), request: fc.record({ name: role, privileges }) }),
  fc.record({ method: fc.constant('DeleteRole'), request: fc.record({ name: role }) }),
  fc.record({ method: fc.constant('CreateLoginLink'), request: fc.record({ user }) }),
  fc.record({ method: fc.constant('RevokeToken'), request: fc.record({ id: user }) }),
);
interface Start {
  readonly roles: readonly (readonly PrivilegeName[])[];
  readonly admin: readonly string[];
  readonly bindings: readonly (readonly { readonly role: string; readonly scope: string }[])[];
  readonly hasPassword: readonly boolean[];
}

const clerkStart: Start = {
  admin: ['administrator'],
  roles: [['user.manage'], ['guest.exec'], []],
  bindings: [[], [], []],
  hasPassword: [true, true, true, true],
};

const rest = privilegeNames.filter((name) => name !== 'user.manage');
/** Anna has user.manage and few other privileges; the administrator has all of them by one role or by two together. */
const start: fc.Arbitrary<Start> = fc.record({
  roles: fc.oneof(
    fc.tuple(fc.constant<readonly PrivilegeName[]>(['user.manage', 'vm.view']), privileges, privileges),
    fc.constant<readonly (readonly PrivilegeName[])[]>([['user.manage'], rest, rest]),
  ),
  admin: fc.constantFrom(['administrator'], ['r0', 'r1'], ['r0', 'r1', 'r2']),
  bindings: fc.tuple(fc.constant([{ role: 'r0', scope: '*' }]), bindings, bindings),
  hasPassword: fc.tuple(fc.boolean(), fc.boolean(), fc.boolean(), fc.boolean()),
});
const actions = fc.array(fc.record({ actor: fc.constantFrom('admin', 'anna', ...users), call }), {
  minLength: 1,
  maxLength: 6,
});

describe('what users may do about each other', () => {
  let api: ServedApi;
  let base: string;
  before(async () => {
    api = await serveApi({});
    base = await api.listenTcp();
    await api.access.users.createFirst();
  });
  after(() => api[Symbol.asyncDispose]());

  async function begin(wanted: Start): Promise<void> {
    const { store } = api;
    for (const { name } of await store.users.list()) await store.users.change(name, 'remove', () => undefined);
    for (const [index, name] of roles.entries()) {
      await store.roles.save({ name, description: '', privileges: JSON.stringify(wanted.roles[index] ?? []) });
    }
    for (const [index, name] of users.entries()) {
      const admin = wanted.admin.map((each) => ({ role: each, scope: '*' }));
      const own = name === 'admin' ? admin : (wanted.bindings[index - 1] ?? []);
      const secret = wanted.hasPassword[index] === true ? 'a hash' : null;
      await store.users.insert({ name, created_ms: index, last_login_ms: null, disabled: 0, password: secret }, own);
      await store.tokens.insert({
        id: name,
        hash: name,
        user_name: name,
        name,
        privileges: '[]',
        scope: '*',
        allowed_commands: '[]',
        created_ms: 0,
        expires_ms: Date.now() + 1_000_000,
        last_used_ms: null,
      });
    }
  }

  async function read(): Promise<AccessState & { readonly tokens: readonly string[] }> {
    const { store } = api;
    return {
      users: await store.users.list(),
      bindings: await store.users.bindings(),
      roles: await store.roles.list(),
      tokens: (await store.tokens.list()).map(({ user_name }) => user_name),
    };
  }

  it('no user can grant, revoke or take over privileges they lack, or remove the last administrator', async () => {
    const seen = new Map<string, number>();
    await fc.assert(
      fc.asyncProperty(start, actions, async (wanted, steps) => {
        await begin(wanted);
        for (const { actor, call: step } of steps) {
          const earlier = await read();
          if (earlier.users.find(({ name }) => name === actor)?.disabled !== 0) continue;
          const headers = { ...(await sessionOf(api.access, actor)) };
          const answer = await callJson(base, `AccessService/${step.method}`, step.request, headers);
          const later = await read();
          const outcome = answer.status === 200 ? 'ok' : answer.reason;
          seen.set(outcome, (seen.get(outcome) ?? 0) + 1);
          assert.ok(answer.status < 500, JSON.stringify(answer.body));
          if (answer.status !== 200) assert.deepEqual(later, earlier);
          else checkStep({ actor, linked: step.method === 'CreateLoginLink' ? targetOf(step) : '' }, earlier, later);
        }
      }),
      { numRuns: 150, seed: 20261130 },
    );
    for (const outcome of ['ok', 'PRIVILEGE_MISSING', 'LAST_ADMINISTRATOR']) {
      assert.ok((seen.get(outcome) ?? 0) >= 5, `too few ended with ${outcome}: ${JSON.stringify([...seen])}`);
    }
  });

  it('a user with only user.manage cannot change an administrator’s account by any method', async () => {
    await begin(clerkStart);
    await makeUser(api.access, 'clerk', ['user.manage']);
    await makeUser(api.access, 'second', privilegeNames);
    const both = ['role-second', 'role-clerk'].map((name) => ({ role: name, scope: '*' }));
    await api.access.users.change('second', { bindings: both });
    const headers = { ...(await sessionOf(api.access, 'clerk')) };
    for (const [method, request] of [
      ['DeleteUser', { name: 'second' }],
      ['UpdateUser', { name: 'second', setRoles: true, roles: [] }],
      ['UpdateUser', { name: 'second', disabled: true }],
      ['UpdateUser', { name: 'second', disabled: false }],
      ['UpdateUser', { name: 'second', password: '' }],
      ['CreateLoginLink', { user: 'second' }],
      ['CreateLoginLink', {}],
      ['RevokeToken', { id: 'admin' }],
      ['SetRole', { name: 'role-second', privileges: [] }],
      ['SetRole', { name: 'role-clerk', privileges: [] }],
      ['DeleteRole', { name: 'r1' }],
    ] as const) {
      const { status, reason } = await callJson(base, `AccessService/${method}`, request, headers);
      assert.deepEqual([status, reason], [403, 'PRIVILEGE_MISSING'], method);
    }
    assert.equal((await callJson(base, 'AccessService/DeleteUser', { name: 'anna' }, headers)).status, 200);
  });

  it('a token limited to certain commands cannot be used to take over an account', async () => {
    await begin(clerkStart);
    const session = { ...(await sessionOf(api.access, 'admin')) };
    const asked = { name: 'ci', privileges: ['*'], allowedCommands: ['/bin/df'] };
    const { body } = await callJson(base, 'AccessService/CreateToken', asked, session);
    const token = { authorization: `Bearer ${String(body['secret'])}` };
    const call = (method: string, request: object): Promise<JsonAnswer> =>
      callJson(base, `AccessService/${method}`, request, token);
    assert.equal((await call('CreateLoginLink', { user: 'admin' })).reason, 'PRIVILEGE_MISSING');
    const puppet = { name: 'puppet', roles: [{ role: 'operator', scope: '*' }] };
    assert.equal((await call('CreateUser', puppet)).reason, 'PRIVILEGE_MISSING');
    assert.equal((await call('CreateUser', { name: 'puppet' })).status, 200);
  });

  it('changing a user’s roles invalidates earlier login links', async () => {
    await begin(clerkStart);
    await makeUser(api.access, 'clerk', ['user.manage']);
    const clerk = { ...(await sessionOf(api.access, 'clerk')) };
    const admin = { ...(await sessionOf(api.access, 'admin')) };
    const { body } = await callJson(base, 'AccessService/CreateLoginLink', { user: 'anna' }, clerk);
    const raised = { name: 'anna', setRoles: true, roles: [{ role: 'administrator', scope: '*' }] };
    assert.equal((await callJson(base, 'AccessService/UpdateUser', raised, admin)).status, 200);
    const secret = String(body['path']).split('#', 2)[1];
    assert.equal((await callJson(base, 'AccessService/LoginWithLink', { secret })).reason, 'LOGIN_FAILED');
  });
});

function targetOf({ request }: { readonly request: object }): string {
  return 'user' in request ? String(request.user) : '';
}

/** Every "privilege scope" of a user, as if enabled. */
function rightsOf(state: AccessState, name: string): Set<string> {
  const grants = grantsOf(
    state.bindings.filter(({ user_name }) => user_name === name),
    rolesOf(state),
  );
  const caller = { ...anonymousCaller(''), grants };
  const pairs = privilegeNames.flatMap((privilege) =>
    places.map((place, index) => (mayDo(caller, privilege, place) ? `${privilege} ${index}` : '')),
  );
  return new Set(pairs.filter((pair) => pair !== ''));
}

function isWithin(rights: ReadonlySet<string>, others: ReadonlySet<string>): boolean {
  return [...rights].every((right) => others.has(right));
}

type State = AccessState & { readonly tokens: readonly string[] };

function checkStep({ actor, linked }: { actor: string; linked: string }, earlier: State, later: State): void {
  const own = rightsOf(earlier, actor);
  const factsOf = (state: State, name: string): unknown => [
    state.users.find((each) => each.name === name),
    state.bindings.filter(({ user_name }) => user_name === name),
    state.tokens.includes(name),
    [...rightsOf(state, name)],
  ];
  for (const name of users) {
    const had = rightsOf(earlier, name);
    const isTouched =
      name === linked || JSON.stringify(factsOf(earlier, name)) !== JSON.stringify(factsOf(later, name));
    if (!isTouched) continue;
    assert.ok(isWithin(had, own), `${actor} acted on ${name}, who has more privileges`);
    assert.ok(
      isWithin(rightsOf(later, name), new Set([...own, ...had])),
      `${actor} gave ${name} privileges that they lack`,
    );
  }
  const administrators = (state: State): State['users'] =>
    state.users.filter(
      ({ name, disabled }) =>
        disabled === 0 && privilegeNames.every((privilege) => rightsOf(state, name).has(`${privilege} 0`)),
    );
  if (administrators(earlier).length > 0) {
    assert.ok(administrators(later).length > 0, 'nobody has all privileges any more');
  }
  const withPassword = (state: State): boolean => administrators(state).some(({ password }) => password !== null);
  if (withPassword(earlier)) assert.ok(withPassword(later), 'no administrator can log in any more');
}
