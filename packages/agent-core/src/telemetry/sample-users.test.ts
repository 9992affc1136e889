import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { FakeHost } from '../fake/fake-host.ts';
import { maxLogins, UserSampler } from './sample-users.ts';

/** utmp of x86-64 with one record per login, one second apart. */
function utmp(names: readonly string[]): Uint8Array {
  const bytes = new Uint8Array(384 * names.length);
  const view = new DataView(bytes.buffer);
  for (const [place, name] of names.entries()) {
    view.setInt16(384 * place, 7, true);
    bytes.set(new TextEncoder().encode(name), 384 * place + 44);
    view.setInt32(384 * place + 340, 1_790_000_000 + place, true);
  }
  return bytes;
}

const session = (user: string, more = ''): string =>
  `# This is private data. Do not parse.\nUID=1000\nUSER=${user}\nSTATE=active\nREALTIME=1790000000000000\n${more}`;

describe('UserSampler', () => {
  it('logins beyond the first 16 KiB of utmp are reported', () => {
    const host = new FakeHost();
    host.files.put('/var/run/utmp', utmp(Array.from({ length: 120 }, (_, place) => `u${place}`)));
    const { users, omitted } = new UserSampler(host).sample();
    assert.deepEqual([users.length, users.at(-1)?.name, omitted], [120, 'u119', 0]);
  });

  it('of more logins than a report holds the latest are kept, and the rest is counted', () => {
    const host = new FakeHost();
    host.files.put('/var/run/utmp', utmp(Array.from({ length: 300 }, (_, place) => `u${place}`)));
    const { users, omitted } = new UserSampler(host).sample();
    assert.deepEqual([users.length, users[0]?.name, omitted], [maxLogins, 'u299', 300 - maxLogins]);
  });

  it('a guest without utmp, or with one that has no logins, reports the sessions of logind', () => {
    const host = new FakeHost();
    const folder = '/run/systemd/sessions';
    host.files.put(`${folder}/1`, session('ana', 'CLASS=user\nTTY=pts/0\nREMOTE_HOST=10.0.2.2\n'));
    host.files.put(`${folder}/2`, session('ana', 'CLASS=manager\n'));
    host.files.put(`${folder}/c3`, session('gdm', 'CLASS=greeter\n'));
    host.files.put(`${folder}/4`, session('bo', 'CLASS=user\n').replace('active', 'closing'));
    host.files.put(`${folder}/1.ref`, session('fifo'));
    const expected = [{ name: 'ana', terminal: 'pts/0', host: '10.0.2.2', sinceUnixNs: 1_790_000_000_000_000_000n }];
    assert.deepEqual(new UserSampler(host).sample().users, expected);
    host.files.put('/var/run/utmp', new Uint8Array(384));
    assert.deepEqual(new UserSampler(host).sample().users, expected);
  });

  it('a session of logind whose time is not one began at an unknown time', () => {
    const host = new FakeHost();
    host.files.put('/run/systemd/sessions/1', session('ana').replace('1790000000000000', '9'.repeat(17)));
    assert.equal(new UserSampler(host).sample().users[0]?.sinceUnixNs, 0n);
  });

  it('a guest with neither utmp nor logind has unknown logins', () => {
    assert.deepEqual(new UserSampler(new FakeHost()).sample(), { users: [], omitted: 0 });
  });
});
