import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { FakeHost } from '../fake/fake-host.ts';
import { findProgram } from './find-program.ts';

/** A guest with busybox: /bin is a link, and so are the programs in it. */
function busybox(): FakeHost {
  const host = new FakeHost();
  host.files.put('/usr/lib/busybox', '', { mode: 0o755 });
  host.files.putLink('/usr/bin/uname', '../lib/busybox');
  host.files.putLink('/bin2', 'usr/bin');
  return host;
}

describe('findProgram()', () => {
  it('findProgram follows links of the directory and of the program', () => {
    assert.equal(findProgram(busybox(), 'uname', '/nowhere:/bin2', '/'), '/bin2/uname');
  });

  it('findProgram returns the first executable in PATH', () => {
    const host = busybox();
    host.files.put('/first/uname', '', { mode: 0o644 });
    host.files.putFolder('/second/uname');
    host.files.put('/third/uname', '', { mode: 0o100 });
    assert.equal(findProgram(host, 'uname', '/first:/second:/third:/usr/bin', '/'), '/third/uname');
    assert.throws(() => findProgram(host, 'uname', '/first:/second', '/'), { reason: 'COMMAND_NOT_EXECUTABLE' });
    assert.throws(() => findProgram(host, 'uname', '/second', '/'), { reason: 'COMMAND_NOT_FOUND' });
  });

  it('findProgram resolves empty and relative parts of PATH against the working directory', () => {
    const host = busybox();
    host.files.put('/work/tool', '', { mode: 0o755 });
    host.files.put('/work/bin/other', '', { mode: 0o755 });
    assert.equal(findProgram(host, 'tool', ':/usr/bin', '/work'), '/work//tool');
    assert.equal(findProgram(host, 'other', 'bin', '/work'), '/work/bin/other');
  });

  it('findProgram does not search for a name with a slash', () => {
    assert.equal(findProgram(busybox(), './tool', '/usr/bin', '/work'), './tool');
  });
});
