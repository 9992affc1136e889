import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { loginUsers } from './login-users.ts';

describe('loginUsers', () => {
  it('loginUsers returns users with a login shell, root first', () => {
    const passwd = [
      'daemon:x:1:1::/:/usr/sbin/nologin',
      'ann:x:1000:1000:Ann:/home/ann:/bin/bash',
      'root:x:0:0::/root:/bin/sh',
      'sync:x:4:65534::/bin:/bin/sync',
      'noshell:x:7:7::/:',
    ];
    assert.deepEqual(loginUsers(passwd.join('\n')), ['root', 'ann']);
  });

  it('loginUsers ignores invalid lines and limits the number of users', () => {
    const names = ['<img src=x>', '-rf', 'a b', '', 'x'.repeat(200), '\u202eroot'];
    assert.deepEqual(loginUsers(names.map((name) => `${name}:x:1:1::/:/bin/sh`).join('\n')), ['root']);
    assert.equal(loginUsers(Array.from({ length: 1000 }, (_, at) => `u${at}:x:1:1::/:/bin/sh`).join('\n')).length, 50);
    assert.deepEqual(loginUsers('\0\0\n:::::::\n'), ['root']);
  });
});
