import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { create } from '@bufbuild/protobuf';
import { UserAccountSchema } from '@innkeeper/contract/agent';
import { accountState, changeCommand, describeKey, pastedKeys } from './account-view.ts';

describe('accounts in the web console', () => {
  it('the state of a password names everything that keeps it from working', () => {
    const state = (init: object): string => accountState(create(UserAccountSchema, init));
    assert.deepEqual(
      [state({}), state({ hasPassword: true }), state({ hasPassword: true, locked: true, expired: true })],
      ['none', 'set', 'locked, must be changed'],
    );
  });

  it('names in commands are quoted', () => {
    assert.equal(changeCommand('lock', 'web-1', 'a b'), "inn account lock web-1 'a b'");
  });

  it('a key is found behind its options, and pasted text is read line by line', () => {
    const line = 'from="10.0.0.1",command="a b" ssh-ed25519 AAAAC3Nz me on host';
    assert.deepEqual(describeKey(line), { type: 'ssh-ed25519', blob: 'AAAAC3Nz', comment: 'me on host' });
    assert.deepEqual(describeKey('rubbish'), { type: '', blob: '', comment: '' });
    assert.deepEqual(pastedKeys('\n# mine\n ssh-rsa AAAA x \r\n\n'), ['ssh-rsa AAAA x']);
  });
});
