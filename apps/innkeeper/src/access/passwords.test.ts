import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Passwords } from './passwords.ts';

describe('Passwords', () => {
  it('hashes with argon2id and a salt of its own each time', async () => {
    const passwords = new Passwords();
    const [one, two] = [await passwords.hash('correct horse'), await passwords.hash('correct horse')];
    assert.match(one, /^\$argon2id\$v=19\$m=19456,t=2,p=1\$[\w+/]{22}\$[\w+/]{43}$/);
    assert.notEqual(one, two);
    assert.equal(await passwords.verify('correct horse', one), true);
    assert.equal(await passwords.verify('correct horsf', one), false);
    assert.equal(await passwords.verify('correct horse', undefined), false);
    assert.equal(await passwords.verify('correct horse', 'no hash'), false);
  });

  it('reads the cost from the hash, so that it can be raised', async () => {
    // Made by libargon2, the reference implementation.
    const hash = '$argon2id$v=19$m=8192,t=1,p=1$c2FsdHNhbHRzYWx0c2FsdA$+Aw7WqvAJp4SYrtOxVOa4KDqOXe9jCiWebdLU5SqNpA';
    assert.equal(await new Passwords().verify('a password of ours', hash), true);
    assert.equal(await new Passwords().verify('a password of ours', hash.replace('m=8192', 'm=8200')), false);
  });

  it('takes passwords of 10 to 1,024 bytes, and refuses longer ones without hashing them', async () => {
    const passwords = new Passwords();
    for (const unfit of ['', 'x'.repeat(9), 'x'.repeat(1025), 'ü'.repeat(513)])
      await assert.rejects(passwords.hash(unfit), { reason: 'PASSWORD_UNFIT' });
    const longest = 'ü'.repeat(512);
    const hash = await passwords.hash(longest);
    assert.equal(await passwords.verify(longest, hash), true);
    assert.equal(await passwords.verify(`${longest}x`, hash), false);
  });

  it('checks two passwords at once, queues 32, and refuses more with LOGIN_THROTTLED', async () => {
    const passwords = new Passwords();
    const all = await Promise.allSettled(Array.from({ length: 40 }, () => passwords.verify('x', undefined)));
    const refused = all.filter((each) => each.status === 'rejected');
    assert.equal(refused.length, 6);
    for (const { reason } of refused) assert.equal((reason as { reason: string }).reason, 'LOGIN_THROTTLED');
    assert.equal(await passwords.verify('x', undefined), false);
  });
});
