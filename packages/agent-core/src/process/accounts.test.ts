import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { FakeHost } from '../fake/fake-host.ts';
import { resolveIdentity } from './accounts.ts';
import { parseGroups, parsePasswd } from './parse-accounts.ts';

const request = { user: '', group: '', noSupplementaryGroups: false };

describe('resolveIdentity()', () => {
  it('resolveIdentity finds users by name and by number, with their supplementary groups', async () => {
    const host = new FakeHost();
    const byName = await resolveIdentity(host, { ...request, user: 'ana' });
    assert.deepEqual([byName.uid, byName.gid, byName.groups], [1000, 1000, [1000, 29, 50]]);
    assert.deepEqual(await resolveIdentity(host, { ...request, user: '1000' }), byName);
    const alone = await resolveIdentity(host, { user: 'ana', group: 'audio', noSupplementaryGroups: true });
    assert.deepEqual([alone.gid, alone.groups], [29, [29]]);
  });

  it('resolveIdentity accepts unknown numbers, but not unknown names', async () => {
    const host = new FakeHost();
    const stranger = await resolveIdentity(host, { ...request, user: '4321', group: '77' });
    assert.deepEqual([stranger.uid, stranger.gid, stranger.account], [4321, 77, undefined]);
    await assert.rejects(resolveIdentity(host, { ...request, user: 'nobody-here' }), { reason: 'USER_NOT_FOUND' });
    await assert.rejects(resolveIdentity(host, { ...request, group: 'none-here' }), { reason: 'GROUP_NOT_FOUND' });
    await assert.rejects(resolveIdentity(host, { ...request, user: '4294967295' }), { reason: 'USER_NOT_FOUND' });
  });

  it('resolveIdentity asks getent for users missing from the files', async () => {
    const host = new FakeHost();
    host.jobs.results.set('/usr/bin/getent passwd ldap', { stdout: 'ldap:*:7000:7001:L:/home/ldap:/bin/bash\n' });
    host.jobs.results.set('/usr/bin/getent initgroups ldap', { stdout: 'ldap                  7001 7002\n' });
    const found = await resolveIdentity(host, { ...request, user: 'ldap' });
    assert.deepEqual(
      [found.uid, found.gid, found.groups, found.account?.home],
      [7000, 7001, [7001, 7002], '/home/ldap'],
    );
  });

  it('resolveIdentity does not pass names that look like options to getent', async () => {
    const host = new FakeHost();
    await assert.rejects(resolveIdentity(host, { ...request, user: '-s' }), { reason: 'USER_NOT_FOUND' });
    assert.deepEqual(host.jobs.ran, []);
  });

  it('resolveIdentity works in a guest without account files', async () => {
    const host = new FakeHost();
    host.files.remove('/etc/passwd');
    host.files.remove('/etc/group');
    const root = await resolveIdentity(host, request);
    assert.deepEqual([root.uid, root.gid, root.account], [0, 0, undefined]);
    assert.deepEqual(host.jobs.ran, []);
  });
});

describe('parsePasswd() and parseGroups()', () => {
  it('parsePasswd and parseGroups skip malformed lines', () => {
    const text = 'root:x:0:0:root:/root:/bin/sh\n+::::::\nbad:x:abc:0::/:\n\nshort:x:1\nlast:x:5:6:::';
    assert.deepEqual(
      parsePasswd(text).map(({ name, uid, gid }) => [name, uid, gid]),
      [
        ['root', 0, 0],
        ['last', 5, 6],
      ],
    );
    const groups = parseGroups('a:x:1:\nb:x:2:u,v\nc:x:-1:\nd');
    assert.deepEqual(groups, [
      { name: 'a', gid: 1, members: [] },
      { name: 'b', gid: 2, members: ['u', 'v'] },
    ]);
  });
});
