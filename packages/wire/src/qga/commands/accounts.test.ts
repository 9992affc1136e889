import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { AccountServiceLite as service } from '@innkeeper/contract/agent-lite';
import { liteDecode, liteEncode } from '@innkeeper/contract/lite';
import { Arguments } from '../arguments.ts';
import type { JsonValue } from '../json-value.ts';
import { printJson } from '../print-json.ts';
import type { QgaGuest } from '../qga-command.ts';
import { accountCommands } from './accounts.ts';

const guest: QgaGuest = {
  version: '1',
  whyDisabled: () => undefined,
  commands: [],
  freezeLeaseMs: 0,
  freshId: () => 'f',
};

/** The answer to guest-ssh-get-authorized-keys when this many keys are not in the list of the operation. */
function keysWith(omitted: number): string {
  const command = accountCommands.find(({ name }) => name === 'guest-ssh-get-authorized-keys');
  const steps = command?.prepare(new Arguments(new Map([['username', 'ana']])), guest)();
  const call = steps?.next();
  assert.ok(steps !== undefined && call !== undefined && call.done !== true);
  call.value.take(liteEncode(service.listKeys.output, { keys: [{ line: 'ssh-ed25519 AAAA' }], omitted }));
  const answer = steps.next();
  assert.ok(answer.done === true);
  return printJson(answer.value);
}

describe('guest-ssh-get-authorized-keys', () => {
  it('all keys are answered, and an error if some do not fit', () => {
    assert.equal(keysWith(0), '{"keys": ["ssh-ed25519 AAAA"]}');
    assert.throws(() => keysWith(2), /user 'ana' has 3 keys, too many for an answer/);
  });
});

describe('guest-ssh-add-authorized-keys and guest-ssh-remove-authorized-keys', () => {
  it('an empty key, which virsh sends for the end of a file, is none', () => {
    for (const [name, field] of [
      ['guest-ssh-add-authorized-keys', 'add'],
      ['guest-ssh-remove-authorized-keys', 'remove'],
    ] as const) {
      const command = accountCommands.find((each) => each.name === name);
      const given = new Map<string, JsonValue>([
        ['username', 'ana'],
        ['keys', ['ssh-ed25519 AAAA', '']],
      ]);
      const call = command?.prepare(new Arguments(given), guest)().next();
      assert.ok(call !== undefined && call.done !== true);
      const [request = new Uint8Array()] = call.value.requests();
      assert.deepEqual(liteDecode(service.changeKeys.input, request)[field], ['ssh-ed25519 AAAA']);
    }
  });
});
