import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { assertCommandAllowed, checkAllowedCommands } from './allowed-commands.ts';
import { socketCaller } from './caller.ts';

const caller = { ...socketCaller, allowedCommands: ['/usr/bin/systemctl restart  nginx', '/bin/df'] };
const plain = { isShell: false, hasEnvironment: false };

describe('assertCommandAllowed()', () => {
  it('allows commands that begin with the words of an allowed one', () => {
    for (const argv of [['/usr/bin/systemctl', 'restart', 'nginx'], ['/bin/df'], ['/bin/df', '-h', '; rm -rf /']])
      assertCommandAllowed(caller, { argv, ...plain });
    assertCommandAllowed(socketCaller, { argv: [], isShell: true, hasEnvironment: true });
  });

  it('refuses other words, parts of words, shells and environments', () => {
    for (const argv of [
      [],
      ['/usr/bin/systemctl'],
      ['/usr/bin/systemctl', 'restart'],
      ['/usr/bin/systemctl', 'restart nginx'],
      ['/usr/bin/systemctl', 'restart', 'nginx2'],
      ['systemctl', 'restart', 'nginx'],
      ['/bin/dfx'],
      ['/bin/../bin/df'],
      ['/bin/sh', '-c', '/bin/df'],
    ]) {
      assert.throws(
        () => assertCommandAllowed(caller, { argv, ...plain }),
        { reason: 'COMMAND_NOT_ALLOWED' },
        argv.join(' '),
      );
    }
    const argv = ['/bin/df'];
    assert.throws(() => assertCommandAllowed(caller, { argv, isShell: true, hasEnvironment: false }));
    assert.throws(() => assertCommandAllowed(caller, { argv, isShell: false, hasEnvironment: true }));
  });
});

describe('checkAllowedCommands()', () => {
  it('requires absolute paths, at most 50', () => {
    checkAllowedCommands(['/bin/df -h']);
    for (const commands of [['df'], [''], ['  '], Array<string>(51).fill('/bin/df'), [`/${'x'.repeat(1000)}`]])
      assert.throws(() => checkAllowedCommands(commands), { reason: 'INVALID_ARGUMENT' });
  });
});
