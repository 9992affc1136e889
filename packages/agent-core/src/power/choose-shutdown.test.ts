import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { FakeHost } from '../fake/fake-host.ts';
import { chooseShutdown, type ShutdownMode } from './choose-shutdown.ts';

const modes: readonly ShutdownMode[] = ['poweroff', 'reboot', 'halt'];

function methods(arrange: (host: FakeHost) => void): string[] {
  const host = new FakeHost();
  arrange(host);
  return modes.map((mode) => chooseShutdown(host, mode).method);
}

const program = (host: FakeHost, path: string): void => host.files.put(path, '', { mode: 0o755 });

describe('chooseShutdown()', () => {
  it('shutdown uses systemctl on systemd', () => {
    const found = methods((host) => {
      host.files.putFolder('/run/systemd/system');
      program(host, '/usr/bin/systemctl');
      program(host, '/sbin/shutdown');
    });
    assert.deepEqual(
      found,
      modes.map((mode) => `/usr/bin/systemctl ${mode}`),
    );
  });

  it('shutdown uses shutdown(8) on sysvinit, where -P and -H need -h', () => {
    const sysvinit = ['/sbin/shutdown -h -P now', '/sbin/shutdown -r now', '/sbin/shutdown -h -H now'];
    const sysv = methods((host) => {
      host.files.put('/etc/inittab', '');
      program(host, '/sbin/shutdown');
    });
    assert.deepEqual(sysv, sysvinit);
    const openrc = methods((host) => {
      host.files.putFolder('/run/openrc');
      program(host, '/sbin/shutdown');
      program(host, '/sbin/openrc-shutdown');
    });
    assert.deepEqual(openrc, sysvinit);
  });

  it('shutdown uses openrc-shutdown with OpenRC’s own init', () => {
    const found = methods((host) => {
      host.files.putFolder('/run/openrc');
      program(host, '/sbin/openrc-shutdown');
    });
    assert.deepEqual(
      found,
      modes.map((mode) => `/sbin/openrc-shutdown --${mode} now`),
    );
  });

  it('shutdown uses busybox applets on busybox', () => {
    const busybox = (host: FakeHost): void => {
      program(host, '/bin/busybox');
      host.files.putFolder('/sbin');
      host.files.putLink('/sbin/init', '/bin/busybox');
    };
    assert.deepEqual(
      methods(busybox),
      modes.map((mode) => `/bin/busybox ${mode}`),
    );
    const linked = methods((host) => {
      busybox(host);
      for (const mode of modes) host.files.putLink(`/sbin/${mode}`, '/bin/busybox');
    });
    assert.deepEqual(
      linked,
      modes.map((mode) => `/sbin/${mode}`),
    );
  });

  it('shutdown falls back to the kernel without an init system', () => {
    const found = methods((host) => {
      host.files.put('/sbin/shutdown', '', { mode: 0o644 });
      host.files.putFolder('/sbin/poweroff');
    });
    assert.deepEqual(found, ['reboot(2)', 'reboot(2)', 'reboot(2)']);
  });
});
