import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Caller } from '../ports/caller.ts';
import { authorize, mayDo } from './authorize.ts';
import { anonymousCaller, socketCaller } from './caller.ts';
import { grantsOf, narrowGrants } from './grants.ts';
import { checkScope, scopeCovers } from './scope.ts';

const vm = { id: 'abc', tags: { env: 'prod', team: 'shop' } };

describe('scopes', () => {
  it('cover by id, by tag, and by a tag’s value', () => {
    for (const scope of ['*', 'vm:abc', 'tag:env', 'tag:env=prod']) assert.ok(scopeCovers(scope, vm), scope);
    for (const scope of ['', 'vm:ab', 'tag:', 'tag:env=', 'tag:env=pro', 'tag:toString', 'tag:none', 'env=prod'])
      assert.ok(!scopeCovers(scope, vm), scope);
    assert.ok(scopeCovers('tag:a=', { id: 'x', tags: { a: '' } }));
    assert.ok(scopeCovers('tag:a=b=c', { id: 'x', tags: { a: 'b=c' } }));
  });

  it('are refused if malformed', () => {
    for (const scope of ['', 'all', 'tag:', 'tag:=x', 'vm:', 'vm:a b', `tag:${'x'.repeat(300)}`])
      assert.throws(() => checkScope(scope), { reason: 'INVALID_ARGUMENT' }, scope);
    for (const scope of ['*', 'tag:a', 'tag:a=', 'tag:a=b c', 'vm:abc']) assert.equal(checkScope(scope), scope);
    // "tag=" and "tag:" are one spelling.
    assert.deepEqual(['tag=a', 'tag=a=b', 'vm=abc'].map(checkScope), ['tag:a', 'tag:a=b', 'vm:abc']);
  });
});

describe('authorize()', () => {
  const roles = [{ name: 'r', description: '', privileges: ['vm.view', 'vm.power'] }];
  const user: Caller = {
    ...socketCaller,
    via: 'session',
    grants: grantsOf([{ role: 'r', scope: 'tag:env=prod' }], roles),
  };

  it('checks the privilege on that VM, on everything, or somewhere', () => {
    authorize(user, 'vm.power', vm);
    authorize(user, 'vm.power', 'somewhere');
    assert.throws(() => authorize(user, 'vm.power', 'everywhere'), /no privilege "vm.power" on everything/);
    assert.throws(() => authorize(user, 'vm.power', { id: 'x', tags: {} }), /no privilege "vm.power" on this VM/);
    assert.throws(() => authorize(user, 'guest.exec', vm), { reason: 'PRIVILEGE_MISSING' });
    assert.throws(() => authorize(user, '', vm), { reason: 'PRIVILEGE_MISSING' });
    authorize(user, 'self', 'everywhere');
    authorize(anonymousCaller(''), 'public', 'everywhere');
    assert.throws(() => authorize(anonymousCaller(''), 'self', 'everywhere'), { reason: 'NOT_LOGGED_IN' });
  });

  it('gives a token only privileges that its user has too, in the scopes of both', () => {
    const row = { scope: 'tag:team=shop', privileges: '["vm.view","guest.exec"]' };
    const token = {
      ...row,
      allowed_commands: '[]',
      id: '',
      hash: '',
      user_name: '',
      name: '',
      created_ms: 0,
      expires_ms: 0,
      last_used_ms: 0,
    };
    const narrow: Caller = { ...user, grants: narrowGrants(user.grants, token) };
    assert.ok(mayDo(narrow, 'vm.view', vm));
    assert.ok(!mayDo(narrow, 'vm.view', { id: 'x', tags: { env: 'prod' } }));
    assert.ok(!mayDo(narrow, 'vm.view', { id: 'x', tags: { team: 'shop' } }));
    assert.ok(!mayDo(narrow, 'vm.power', vm));
    assert.ok(!mayDo(narrow, 'guest.exec', vm));
  });

  it('ignores roles that no longer exist', () => {
    assert.deepEqual(grantsOf([{ role: 'gone', scope: '*' }], roles), []);
  });
});
