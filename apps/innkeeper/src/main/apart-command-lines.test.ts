import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { usage } from './command-line.ts';
import { controlUsage, parseControlCommandLine } from './control-command-line.ts';
import { nodeUsage, parseNodeCommandLine } from './node-command-line.ts';

const environment = { DATABASE_URL: 'postgres://db/innkeeper' };
const nodeTls = ['--tls-cert', 'c', '--tls-key', 'k', '--control-ca', 'a'];
const controlTls = ['--node-cert', 'c', '--node-key', 'k', '--node-ca', 'a'];

describe('innkeeper node', () => {
  it('listens on its sockets alone, or on a port with an authority too', () => {
    assert.deepEqual(parseNodeCommandLine([], environment)?.controlListener, {});
    const control = parseNodeCommandLine(['--listen', '[::1]:9443', ...nodeTls], environment)?.controlListener;
    assert.deepEqual(control, { tcp: { host: '::1', port: 9443, certPath: 'c', keyPath: 'k', caPath: 'a' } });
  });

  it('never listens on a port without all of certificate, key and authority', () => {
    for (const left of [0, 2, 4]) {
      const argv = ['--listen', '127.0.0.1:9443', ...nodeTls.toSpliced(left, 2)];
      assert.throws(() => parseNodeCommandLine(argv, environment), /go together/);
    }
    assert.throws(() => parseNodeCommandLine(nodeTls, environment), /go together/);
  });

  it('has no port for people, and no database of its own', () => {
    assert.equal(parseNodeCommandLine([], environment)?.listen, undefined);
    for (const url of [undefined, '', 'innkeeper.db']) {
      assert.throws(() => parseNodeCommandLine([], { DATABASE_URL: url }), /DATABASE_URL/);
    }
    assert.throws(() => parseNodeCommandLine(['--insecure-cleartext'], environment), /insecure-cleartext/);
  });
});

describe('innkeeper control', () => {
  it('finds its node by a socket, or by TLS with certificates', () => {
    const near = parseControlCommandLine(['--node', 'unix:/run/control.sock'], environment);
    assert.deepEqual(near?.node, { kind: 'unix', path: '/run/control.sock' });
    const far = parseControlCommandLine(['--node', 'https://[2001:db8::1]:9443', ...controlTls], environment);
    assert.deepEqual(far?.node, { kind: 'https', host: '2001:db8::1', port: 9443 });
    assert.deepEqual(far?.nodeTls, { certPath: 'c', keyPath: 'k', caPath: 'a' });
  });

  it('refuses a node in cleartext, without certificates, or none', () => {
    const wrong: readonly (readonly [string[], RegExp])[] = [
      [[], /--node is missing/],
      [['--node', 'http://node:9443', ...controlTls], /--node must be unix/],
      [['--node', 'https://node/path', ...controlTls], /--node must be unix/],
      [['--node', 'https://node:9443'], /go together/],
      [['--node', 'https://node:9443', ...controlTls.slice(2)], /go together/],
      [['--node', 'unix:/run/control.sock', ...controlTls], /go together/],
      [['--node', 'unix:/run/control.sock', '--listen', 'none'], /cannot run without a TCP port/],
      [['--node', 'unix:/run/control.sock', '--listen', '0.0.0.0:80'], /cleartext/],
      [['--node', 'unix:/run/control.sock', '--log-level', 'loud'], /--log-level/],
    ];
    for (const [argv, message] of wrong) {
      assert.throws(() => parseControlCommandLine(argv, environment), { message });
    }
    assert.throws(() => parseControlCommandLine(['--node', 'unix:/run/control.sock'], {}), /DATABASE_URL/);
  });
});

describe('the options of innkeeper', () => {
  it('every option of serve is named on its page, and those of node and control there or on theirs', () => {
    const page = (name: string): string =>
      readFileSync(join(import.meta.dirname, `../../../../docs/operate/${name}.md`), 'utf8');
    const optionsOf = (text: string): string[] => [...text.matchAll(/^ {2}(--[a-z-]+)/gm)].map(([, name = '']) => name);
    const unnamed = (options: readonly string[], text: string): string[] =>
      options.filter((name) => !new RegExp(`${name}(?![a-z-])`).test(text));
    assert.ok(optionsOf(usage).length > 10);
    assert.deepEqual(unnamed(optionsOf(usage), page('serve')), []);
    const apart = [...optionsOf(controlUsage), ...optionsOf(nodeUsage)];
    assert.deepEqual(unnamed(apart, page('serve') + page('replicas')), []);
  });
});
