import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { buildEnvironment, markerName } from './environment.ts';

const ana = { name: 'ana', uid: 1000, gid: 1000, home: '/home/ana', shell: '' };
const request = { id: 'one', uid: 1000, account: ana, terminal: false, extra: {} };

describe('buildEnvironment()', () => {
  it('a command’s environment is that of a login, without the agent’s variables', () => {
    assert.deepEqual(Object.fromEntries(buildEnvironment(request)), {
      PATH: '/usr/local/bin:/usr/bin:/bin:/usr/local/games:/usr/games',
      HOME: '/home/ana',
      USER: 'ana',
      LOGNAME: 'ana',
      SHELL: '/bin/sh',
      [markerName]: 'one',
    });
  });

  it('a command’s environment has the sbin directories for root, and TERM with a terminal', () => {
    const environment = buildEnvironment({ ...request, uid: 0, account: undefined, terminal: true });
    assert.match(environment.get('PATH') ?? '', /\/usr\/sbin/);
    assert.deepEqual([environment.get('TERM'), environment.get('LANG')], ['xterm-256color', 'C.UTF-8']);
  });

  it('the environment of a user without an account has HOME and SHELL, and no USER', () => {
    const environment = buildEnvironment({ ...request, account: undefined });
    assert.deepEqual([environment.get('HOME'), environment.get('SHELL')], ['/', '/bin/sh']);
    assert.equal(environment.has('USER'), false);
  });

  it('the caller’s variables override the defaults, but not the marker of the process tree', () => {
    const environment = buildEnvironment({ ...request, extra: { HOME: '/srv', [markerName]: 'two' } });
    assert.deepEqual([environment.get('HOME'), environment.get(markerName)], ['/srv', 'one']);
  });
});
