import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { listenSettings } from './listen-settings.ts';
import { ownCertificate } from './own-certificate.ts';

describe('listenSettings()', () => {
  it('listens on loopback, port 8080 or the next free one, by default', () => {
    const byDefault = { host: '127.0.0.1', port: 8080, isPortFixed: false, tls: undefined, names: [] };
    assert.deepEqual(listenSettings({}), byDefault);
    assert.equal(listenSettings({ listen: 'none' }), undefined);
    const named = listenSettings({ listen: '[::1]:0', name: ['Inn.Example'] });
    assert.deepEqual([named?.host, named?.port, named?.isPortFixed, named?.names], ['::1', 0, true, ['inn.example']]);
  });

  it('refuses cleartext beyond this machine without --insecure-cleartext', () => {
    for (const listen of ['0.0.0.0:80', '[::]:80', '10.0.0.1:80', 'inn.example:80', '[::ffff:127.0.0.1]:80']) {
      assert.throws(() => listenSettings({ listen }), /cleartext/, listen);
      assert.equal(listenSettings({ listen, 'insecure-cleartext': true })?.tls, undefined);
      assert.equal(listenSettings({ listen, 'tls-self-signed': true })?.tls, 'self-signed');
      assert.deepEqual(listenSettings({ listen, 'tls-cert': 'c', 'tls-key': 'k' })?.tls, {
        certPath: 'c',
        keyPath: 'k',
      });
    }
    for (const listen of ['127.0.0.1:80', '127.9.9.9:80', '[::1]:80', 'localhost:80']) listenSettings({ listen });
  });

  it('refuses conflicting options and malformed addresses', () => {
    assert.throws(() => listenSettings({ 'tls-cert': 'c' }), /go together/);
    assert.throws(() => listenSettings({ 'tls-cert': 'c', 'tls-key': 'k', 'tls-self-signed': true }), /or/);
    for (const listen of ['', '8080', ':8080', 'a:', 'a:70000', 'a b:80', '::1:80', '[a]:80', 'http://a:80'])
      assert.throws(() => listenSettings({ listen }), /HOST:PORT/, listen);
  });
});

describe('ownCertificate()', () => {
  it('keeps its certificate until it expires soon, lacks a name, or lost its key', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'innkeeper-tls-'));
    try {
      const nowMs = Date.now();
      const made = await ownCertificate(join(folder, 'tls'), ['localhost', '127.0.0.1'], nowMs);
      const fingerprintOf = async (names: string[], atMs = nowMs): Promise<string> =>
        (await ownCertificate(join(folder, 'tls'), names, atMs)).fingerprint;
      assert.equal(await fingerprintOf(['localhost']), made.fingerprint);
      assert.equal(new X509Certificate(made.cert).fingerprint256, made.fingerprint);
      assert.equal((await stat(join(folder, 'tls/key.pem'))).mode & 0o777, 0o600);
      const wider = await fingerprintOf(['localhost', 'inn.example']);
      assert.notEqual(wider, made.fingerprint);
      const later = await fingerprintOf(['localhost'], nowMs + 780 * 24 * 3_600_000);
      assert.notEqual(later, wider);
      await writeFile(join(folder, 'tls/key.pem'), made.key);
      assert.notEqual(await fingerprintOf(['localhost']), later);
      await writeFile(join(folder, 'tls/cert.pem'), 'nonsense');
      await fingerprintOf(['localhost']);
      assert.match(await readFile(join(folder, 'tls/cert.pem'), 'utf8'), /^-----BEGIN CERTIFICATE/);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
