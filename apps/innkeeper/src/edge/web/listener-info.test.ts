import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isHostAllowed, type ListenerInfo, unixListener } from './listener-info.ts';

describe('isHostAllowed()', () => {
  const listener = (isLoopback: boolean, ...names: string[]): ListenerInfo => ({
    kind: 'tcp',
    isSecure: false,
    hosts: { isLoopback, names },
  });

  it('takes only this machine’s own names on a loopback port', () => {
    const allowed = ['localhost', 'localhost:8080', '127.0.0.1:8080', '[::1]:8080', 'LOCALHOST:1', 'inn.example:8080'];
    const refused = [
      'evil.example',
      'localhost.evil.example',
      '10.0.0.1:8080',
      '',
      undefined,
      'a b',
      'localhost:8080:1',
    ];
    for (const host of allowed) assert.ok(isHostAllowed(listener(true, 'inn.example'), host), host);
    for (const host of refused) assert.ok(!isHostAllowed(listener(true, 'inn.example'), host), String(host));
  });

  it('takes any address and the configured names beyond', () => {
    for (const host of ['10.0.0.1:8080', '[2001:db8::1]', 'inn.example', 'localhost'])
      assert.ok(isHostAllowed(listener(false, 'inn.example'), host), host);
    assert.ok(!isHostAllowed(listener(false, 'inn.example'), 'evil.example'));
  });

  it('takes anything on the unix socket', () => {
    assert.ok(isHostAllowed(unixListener, undefined));
  });
});
