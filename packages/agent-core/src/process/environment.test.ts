import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { buildEnvironment, markerName } from './environment.ts';

const ana = { name: 'ana', uid: 1000, gid: 1000, home: '/home/ana', shell: '' };
const request = { id: 'one', uid: 1000, account: ana, terminal: false, extra: {} };

describe('buildEnvironment()', () => {
  it('is that of a login, and nothing of the agent’s', () => {
    assert.deepEqual(Object.fromEntries(buildEnvironment(request)), {
      PATH: '/usr/local/bin:/usr/bin:/bin:/usr/local/games:/usr/games',
      HOME: '/home/ana',
      USER: 'ana',
      LOGNAME: 'ana',
      SHELL: '/bin/sh',
      [markerName]: 'one',
    });
  });

  it('has the folders of the administrator for root, and a kind of terminal where there is one', () => {
    const environment = buildEnvironment({ ...request, uid: 0, account: undefined, terminal: true });
    assert.match(environment.get('PATH') ?? '', /\/usr\/sbin/);
    assert.equal(environment.get('TERM'), 'xterm-256color');
    assert.equal(environment.has('HOME'), false);
  });

  it('lets the caller win, but not over the mark by which a process is found again', () => {
    const environment = buildEnvironment({ ...request, extra: { HOME: '/srv', [markerName]: 'two' } });
    assert.deepEqual([environment.get('HOME'), environment.get(markerName)], ['/srv', 'one']);
  });
});
