import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { configOf, parseQemuGa } from './parse-qemu-ga.ts';
import { defaultSettings, dumpSettings, type QemuGaSettings } from './qemu-ga-settings.ts';
import { readQemuGaFile } from './read-qemu-ga-file.ts';

function parsed(...words: readonly string[]): { readonly action: string; readonly settings: QemuGaSettings } {
  const settings = defaultSettings();
  return { action: parseQemuGa(words, settings), settings };
}

describe('the command line of qemu-ga', () => {
  it('all flags of qemu-ga are read, long and short, joined and apart', () => {
    const { action, settings } = parsed(
      ...['-m', 'unix-listen', '--path=/s', '-l/log', '--pidfile', '/pid', '-F/hook', '-t', '/state', '-dvr'],
      ...['-b', 'guest-exec,guest-ping', '--allow-rpcs=guest-info', '-a', 'guest-sync', '-c', '/conf'],
    );
    assert.equal(action, 'serve');
    assert.deepEqual(settings, {
      daemon: true,
      method: 'unix-listen',
      path: '/s',
      logfile: '/log',
      pidfile: '/pid',
      fsfreezeHook: '/hook',
      statedir: '/state',
      verbose: true,
      retryPath: true,
      blockRpcs: ['guest-exec', 'guest-ping'],
      allowRpcs: ['guest-info', 'guest-sync'],
      version: undefined,
      freezeLeaseSeconds: undefined,
    });
    assert.equal(configOf(['-v', '-c', '/conf']), '/conf');
  });

  it('a hook without a path is that of qemu-ga, and the word after it is another flag', () => {
    const { settings } = parsed('-F', '-v');
    assert.deepEqual([settings.fsfreezeHook, settings.verbose], ['/etc/qemu/fsfreeze-hook', true]);
  });

  it('flags that ask for something else than serving say so', () => {
    for (const [words, action] of [
      [['-V'], 'version'],
      [['--version'], 'version'],
      [['-h'], 'help'],
      [['-D', '-v'], 'dump'],
      [['-b', 'help'], 'list-commands'],
      [['--allow-rpcs=?'], 'list-commands'],
      [['-x'], 'unknown'],
      [['--nonsense'], 'unknown'],
      [['-p'], 'unknown'],
      [['word'], 'unknown'],
      [['--freeze-lease=x'], 'unknown'],
    ] as const)
      assert.equal(parsed(...words).action, action, words.join(' '));
  });

  it('a configuration file is read, the command line overrides it, and their lists add up', () => {
    const settings = defaultSettings();
    const file = [
      '# comment',
      '[other]',
      'method=x',
      '[general]',
      'daemon=true',
      'statedir = /s',
      'block-rpcs=guest-exec;',
      'version=9.9',
      'unknown=1',
      '',
    ];
    readQemuGaFile(file.join('\n'), settings);
    assert.equal(parseQemuGa(['-t', '/t', '-b', 'guest-ping'], settings), 'serve');
    assert.deepEqual(
      [settings.daemon, settings.statedir, settings.method, settings.version, settings.blockRpcs],
      [true, '/t', 'virtio-serial', '9.9', ['guest-exec', 'guest-ping']],
    );
    assert.throws(
      () => readQemuGaFile('[general]\ndaemon=maybe', defaultSettings()),
      /"maybe" is not a value of "daemon"/,
    );
    assert.throws(() => readQemuGaFile('nonsense', defaultSettings()), /is not a key with a value/);
  });

  it('the settings are printed in the form of the file, in the order of qemu-ga', () => {
    assert.equal(
      dumpSettings(defaultSettings()),
      [
        '[general]',
        'daemon=false',
        'method=virtio-serial',
        'path=/dev/virtio-ports/org.qemu.guest_agent.0',
        'pidfile=/var/run/qemu-ga.pid',
        'statedir=/var/run',
        'verbose=false',
        'retry-path=false',
        'block-rpcs=',
        'allow-rpcs=',
      ].join('\n'),
    );
  });
});
