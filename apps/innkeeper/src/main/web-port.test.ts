import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { get } from 'node:https';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, describe, it } from 'node:test';
import { promisify } from 'node:util';
import { callJson } from '../api/testing/call-json.ts';
import { makeSelfSigned } from '../edge/web/self-signed.ts';

const program = join(import.meta.dirname, '../main.ts');

describe('the port of innkeeper serve', () => {
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'innkeeper-port-'));
  });
  after(() => rm(folder, { recursive: true, force: true }));

  /** Runs the daemon until it has said where the web console is, does the work, and ends it. */
  async function serving(args: readonly string[], work: (line: string, all: string) => Promise<void>): Promise<void> {
    const data = await mkdtemp(join(folder, 'data-'));
    const child = spawn(process.execPath, [program, 'serve', '--data', data, ...args], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    const exit = once(child, 'close');
    try {
      let all = '';
      for await (const line of createInterface(child.stderr)) {
        all += `${line}\n`;
        if (!line.startsWith('Web console: ')) continue;
        await work(line.replace('Web console: ', '').split(' ', 1)[0] ?? '', all);
        return;
      }
      assert.fail(`it did not serve: ${all}`);
    } finally {
      child.kill('SIGTERM');
      await exit;
    }
  }

  async function refusal(...args: string[]): Promise<string> {
    const data = await mkdtemp(join(folder, 'data-'));
    const run = promisify(execFile)(process.execPath, [program, 'serve', '--data', data, ...args]);
    return await run.then(
      () => assert.fail('it serves'),
      (error: { stderr: string }) => error.stderr,
    );
  }

  it('prints a link that logs the first administrator in once', () =>
    serving(['--listen', '127.0.0.1:0'], async (link) => {
      const { origin, hash, pathname } = new URL(link);
      assert.equal(pathname, '/login');
      const first = await callJson(origin, 'AccessService/LoginWithLink', { secret: hash.slice(1) });
      assert.equal((first.body['me'] as { user: string }).user, 'admin');
      assert.equal(
        (await callJson(origin, 'AccessService/LoginWithLink', { secret: hash.slice(1) })).reason,
        'LOGIN_FAILED',
      );
    }));

  it('has TLS with a certificate of its own, whose fingerprint it prints', () =>
    serving(['--listen', '0.0.0.0:0', '--tls-self-signed'], async (link, all) => {
      const call = get(link, { rejectUnauthorized: false, headers: { host: 'localhost' } });
      const [answer] = (await once(call, 'response')) as [IncomingMessage];
      const { fingerprint256 } = (answer.socket as import('node:tls').TLSSocket).getPeerCertificate();
      assert.match(all, new RegExp(`SHA-256 ${fingerprint256}`));
      answer.destroy();
    }));

  it('has TLS with a certificate that it is given', async () => {
    const { cert, key } = makeSelfSigned(['localhost', '127.0.0.1'], Date.now());
    const [certPath, keyPath] = [join(folder, 'c.pem'), join(folder, 'k.pem')];
    await Promise.all([writeFile(certPath, cert), writeFile(keyPath, key)]);
    await serving(['--listen', '127.0.0.1:0', '--tls-cert', certPath, '--tls-key', keyPath], async (link) => {
      const [answer] = (await once(get(link, { ca: cert }), 'response')) as [IncomingMessage];
      assert.ok([200, 404].includes(answer.statusCode ?? 0));
      answer.destroy();
    });
    await writeFile(keyPath, 'nonsense');
    assert.match(
      await refusal('--listen', '127.0.0.1:0', '--tls-cert', certPath, '--tls-key', keyPath),
      /certificate|listen/i,
    );
    assert.match(
      await refusal('--listen', '127.0.0.1:0', '--tls-cert', '/none', '--tls-key', keyPath),
      /cannot be read/,
    );
  });

  it('refuses a named port that is taken, and cleartext beyond this machine', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as { port: number };
    assert.match(await refusal('--listen', `127.0.0.1:${port}`), new RegExp(`Cannot listen on 127.0.0.1:${port}`));
    other.close();
    assert.match(await refusal('--listen', '0.0.0.0:0'), /cleartext/);
  });
});
