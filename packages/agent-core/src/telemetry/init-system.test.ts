import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { FakeHost } from '../fake/fake-host.ts';
import { initSystem } from './init-system.ts';

describe('initSystem()', () => {
  it('the init system is recognised by process 1', () => {
    const systemd = new FakeHost();
    systemd.files.putFolder('/run/systemd/system');
    const openrc = new FakeHost();
    openrc.files.putFolder('/run/openrc');
    const busybox = new FakeHost();
    busybox.files.putFolder('/sbin');
    busybox.files.putLink('/sbin/init', '../bin/busybox');
    const sysv = new FakeHost();
    sysv.files.put('/etc/inittab', 'id:2:initdefault:');
    assert.deepEqual([systemd, openrc, busybox, sysv, new FakeHost()].map(initSystem), [
      'systemd',
      'openrc',
      'busybox',
      'sysv',
      'other',
    ]);
  });
});
