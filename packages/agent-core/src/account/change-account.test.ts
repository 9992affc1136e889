import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { MessageInitShape } from '@bufbuild/protobuf';
import type { ChangeAccountRequestSchema } from '@innkeeper/contract/agent';
import { AccountServiceLite } from '@innkeeper/contract/agent-lite';
import { startFakeAgent } from '../fake/fake-agent.ts';
import { FakeHost } from '../fake/fake-host.ts';
import type { Jobs } from '../host.ts';

const { change, list } = AccountServiceLite;
const shadow = 'root:*:19000:0:99999:7:::\nana:!$5$s$h:19000:0:99999:7:::\nsvc:*:1::::::\n';
const chpasswd = '/usr/sbin/chpasswd';

function guest(): FakeHost {
  const host = new FakeHost();
  host.files.put(
    '/etc/passwd',
    'root:x:0:0:root:/root:/bin/sh\nsvc:x:7:7::/:/bin/false\nana:x:1000:1000::/home/ana:/bin/sh\n',
  );
  host.files.put('/etc/shadow', shadow, { mode: 0o640, gid: 42 });
  return host;
}

async function changed(host: FakeHost, request: MessageInitShape<typeof ChangeAccountRequestSchema>) {
  const { node } = await startFakeAgent(host);
  const call = await node.open(change, request);
  await host.clock.advance(10_000);
  return { reason: call.reason, account: call.messages[0], field: fieldOf(host, String(request.user)) };
}

const fieldOf = (host: FakeHost, user: string): string =>
  host.files
    .text('/etc/shadow')
    .split('\n')
    .find((line) => line.startsWith(`${user}:`))
    ?.split(':')[1] ?? '';

describe('accounts', () => {
  it('a list has people before services, and says who has a password, is locked or expired', async () => {
    const host = guest();
    host.files.put('/etc/shadow', `${shadow}`.replace('ana:!$5$s$h:19000', 'ana:!$5$s$h:0'));
    const { node } = await startFakeAgent(host);
    const [answer] = (await node.open(list, {})).messages;
    assert.deepEqual(
      answer?.accounts.map(({ name, hasPassword, locked, expired }) => [name, hasPassword, locked, expired]),
      [
        ['root', false, false, false],
        ['ana', true, true, true],
        ['svc', false, false, false],
      ],
    );
  });

  it('without chpasswd a password becomes a hash in shadow, whose other lines, owner and mode stay', async () => {
    const host = guest();
    const { reason, account, field } = await changed(host, { user: 'ana', password: 'se:cret' });
    assert.deepEqual([reason, account?.hasPassword, account?.locked], ['', true, false]);
    assert.match(field, /^\$5\$[./\w]{16}\$[./\w]{43}$/);
    const lines = host.files.text('/etc/shadow').split('\n');
    assert.deepEqual(
      [lines[0], lines[2], lines[3], lines.length],
      [...shadow.split('\n').slice(0, 1), 'svc:*:1::::::', '', 4],
    );
    assert.equal(lines[1]?.split(':')[2], String(Number(host.clock.wallTimeNs() / 86_400_000_000_000n)));
    const { mode, gid } = host.files.stat('/etc/shadow', false);
    assert.deepEqual([mode & 0o777, gid], [0o640, 42]);
    assert.ok(!host.files.exists('/etc/shadow.lock') && !host.files.exists('/etc/shadow.innkeeper'));
  });

  it('with chpasswd it gets the password on its standard input, in one line', async () => {
    const host = guest();
    host.files.put(chpasswd, '', { mode: 0o755 });
    const inputs: unknown[] = [];
    const run: Jobs['run'] = async (argv, { stdin }) => {
      inputs.push([argv, stdin]);
      return { exitCode: 0, stdout: '', stderr: '' };
    };
    Object.assign(host.jobs, { run });
    assert.equal((await changed(host, { user: 'ana', password: 'se:cret' })).reason, '');
    assert.deepEqual(inputs, [[[chpasswd], 'ana:se:cret\n']]);
    assert.equal(host.files.text('/etc/shadow'), shadow);
  });

  it('busybox’s chpasswd is not used, and after one that refuses the hash is written', async () => {
    const host = guest();
    host.files.putFolder('/usr/sbin');
    host.files.putLink(chpasswd, '/bin/busybox');
    host.files.put('/bin/busybox', '', { mode: 0o755 });
    assert.match((await changed(host, { user: 'ana', password: 'a' })).field, /^\$5\$/);
    assert.deepEqual(host.jobs.ran, []);
    host.files.remove(chpasswd);
    host.files.put(chpasswd, '', { mode: 0o755 });
    host.jobs.results.set(chpasswd, { exitCode: 1, stderr: 'PAM' });
    assert.match((await changed(host, { user: 'root', password: 'a' })).field, /^\$5\$/);
  });

  it('a password or name with a line break, colon or control character reaches no other account', async () => {
    for (const [user, password, reason] of [
      ['ana', 'a\nroot:b', 'INVALID_ARGUMENT'],
      ['ana', 'a\r', 'INVALID_ARGUMENT'],
      ['ana', 'a\0', 'INVALID_ARGUMENT'],
      ['ana', '', 'INVALID_ARGUMENT'],
      ['ana', 'ä'.repeat(128), 'INVALID_ARGUMENT'],
      ['ana\nroot', 'a', 'USER_NOT_FOUND'],
      ['root:x:0', 'a', 'USER_NOT_FOUND'],
      ['', 'a', 'USER_NOT_FOUND'],
      ['nobody-here', 'a', 'USER_NOT_FOUND'],
    ] as const) {
      const host = guest();
      host.files.put(chpasswd, '', { mode: 0o755 });
      assert.equal(
        (await changed(host, { user, password, locked: true })).reason,
        reason,
        JSON.stringify([user, password]),
      );
      assert.deepEqual([host.files.text('/etc/shadow'), host.jobs.ran], [shadow, []]);
    }
  });

  it('an account is locked, unlocked and expired, and one without a password is not unlocked', async () => {
    const host = guest();
    assert.deepEqual((await changed(host, { user: 'ana', locked: false })).field, '$5$s$h');
    assert.deepEqual((await changed(host, { user: 'ana', locked: true })).field, '!$5$s$h');
    assert.deepEqual((await changed(host, { user: 'ana', locked: true })).field, '!$5$s$h');
    assert.equal((await changed(host, { user: 'root', locked: true })).field, '!*');
    assert.equal((await changed(host, { user: 'root', locked: false })).reason, 'INVALID_ARGUMENT');
    const { account } = await changed(host, { user: 'ana', expire: true });
    assert.deepEqual([account?.expired, account?.locked], [true, true]);
    assert.match(host.files.text('/etc/shadow'), /^ana:!\$5\$s\$h:0:0:99999:7:::$/m);
    const both = await changed(host, { user: 'ana', password: 'new', expire: true });
    assert.deepEqual([both.account?.expired, both.account?.locked, both.field.slice(0, 3)], [true, false, '$5$']);
  });

  it('a guest without shadow has the hash in passwd, and cannot let it expire', async () => {
    const host = guest();
    host.files.remove('/etc/shadow');
    const { node } = await startFakeAgent(host);
    await node.open(change, { user: 'ana', password: 'a' });
    await host.clock.advance(1000);
    assert.match(host.files.text('/etc/passwd'), /^ana:\$5\$[^:]+:1000:1000::\/home\/ana:\/bin\/sh$/m);
    assert.equal((await node.open(change, { user: 'ana', expire: true })).reason, 'UNSUPPORTED_BY_AGENT');
  });

  it('another program’s lock is respected for 5 s, and one of a process that is gone does not count', async () => {
    const host = guest();
    host.files.put('/etc/shadow.lock', '77');
    host.files.put('/proc/77/comm', 'passwd');
    assert.equal((await changed(host, { user: 'ana', locked: true })).reason, 'USER_FILES_LOCKED');
    assert.equal(host.files.text('/etc/shadow'), shadow);
    host.files.remove('/proc/77');
    assert.equal((await changed(host, { user: 'root', locked: true })).field, '!*');
  });
});
