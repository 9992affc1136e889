import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { AccountServiceLite } from '@innkeeper/contract/agent-lite';
import type { ConformanceCase } from '../conformance-case.ts';

const needsNative = 'accounts';
const { list, change, listKeys, changeKeys } = AccountServiceLite;
const key = `ssh-ed25519 AAAAC3NzaC1lZDI1NTE5${'A'.repeat(40)}`;

/** The guest of these tests is the machine that runs them: nothing here changes an account. `tests/vm` has what works. */
export const accountCases: readonly ConformanceCase[] = [
  {
    title: 'the accounts are those of /etc/passwd, root first',
    needsNative,
    run: async ({ client }) => {
      const { accounts, omitted } = await client.link.call(list, {});
      const lines = readFileSync('/etc/passwd', 'utf8').trimEnd().split('\n');
      assert.equal(accounts.length + omitted, lines.length);
      assert.deepEqual([accounts[0]?.name, accounts[0]?.uid], ['root', 0]);
    },
  },
  {
    title: 'malformed, oversized and hostile passwords and users are refused, and no account is changed',
    needsNative,
    run: async ({ client }) => {
      const before = await client.link.call(list, {});
      for (const [request, reason] of [
        [{}, 'USER_NOT_FOUND'],
        [{ user: 'root', password: '' }, 'INVALID_ARGUMENT'],
        [{ user: 'root', password: 'a\nroot:b' }, 'INVALID_ARGUMENT'],
        [{ user: 'root', password: 'a\0' }, 'INVALID_ARGUMENT'],
        [{ user: 'root', password: 'x'.repeat(256) }, 'INVALID_ARGUMENT'],
        [{ user: 'root', password: 'x'.repeat(100_000) }, 'INVALID_ARGUMENT'],
        [{ user: 'no-such-user', password: 'a' }, 'USER_NOT_FOUND'],
        [{ user: 'root:x', password: 'a' }, 'USER_NOT_FOUND'],
        [{ user: 'root\n', password: 'a', locked: true, expire: true }, 'USER_NOT_FOUND'],
        [{ user: '../root', password: 'a' }, 'USER_NOT_FOUND'],
      ] as const)
        await assert.rejects(client.link.call(change, request), { reason });
      assert.deepEqual(await client.link.call(list, {}), before);
    },
  },
  {
    title: 'what is no SSH key is refused, and nothing is written',
    needsNative,
    run: async ({ client }) => {
      await assert.rejects(client.link.call(listKeys, { user: 'no-such-user' }), { reason: 'USER_NOT_FOUND' });
      for (const add of [
        [''],
        ['ssh-ed25519'],
        [`${key}\n${key}`],
        [`command="reboot" ${key}`],
        [`${key} x\0y`],
        [`${key} ${'x'.repeat(5000)}`],
        Array<string>(65).fill(key),
        Array<string>(20_000).fill(key),
      ])
        await assert.rejects(client.link.call(changeKeys, { user: 'root', add }), { reason: 'INVALID_ARGUMENT' });
    },
  },
];
