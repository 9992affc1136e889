import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { FakeHost } from '../fake/fake-host.ts';
import { realClock } from '../fake/real-clock.ts';
import { newSalt, sha256Crypt } from './sha256-crypt.ts';

const host = new FakeHost({
  clock: realClock({ setTimeout, clearTimeout: (timer) => clearTimeout(timer as NodeJS.Timeout) }),
});

describe('sha256Crypt()', () => {
  // The first is of the specification of SHA-crypt; all are what `openssl passwd -5` prints.
  for (const [password, salt, hash] of [
    ['Hello world!', 'saltstring', '5B8vYYiY.CVt1RlTTf8KbXBH3hsxY/GNooZaBBGWEc5'],
    ['x', '0123456789abcdef', '.fULuWHW4LFdceMju5Z2fLohL4aL5Nk149iH4KnvtJ9'],
    ['pässwörd: with a colon', '0123456789abcdef', '8r68GZoDaT4kjwvLY3bCJr2EeB9kj5TFPWPCQndh3WD'],
    ['a'.repeat(100), 'saltstring', 'HE80cZIBUxLL.bS7Ud8vy2RfFEVIyvfBaoUr.RekKl3'],
  ] as const)
    it(`the hash of a password of ${password.length} characters is that of crypt(5)`, async () => {
      assert.equal(await sha256Crypt(host, password, salt), `$5$${salt}$${hash}`);
    });

  it('a salt has 16 of crypt’s digits, and another one each time', () => {
    const salts = [newSalt(host), newSalt(host)];
    for (const salt of salts) assert.match(salt, /^[./0-9A-Za-z]{16}$/);
    assert.notEqual(salts[0], salts[1]);
  });
});
