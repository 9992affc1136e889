import assert from 'node:assert/strict';
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { describe, it } from 'node:test';
import { makeSelfSigned } from './self-signed.ts';

describe('makeSelfSigned()', () => {
  it('is a certificate for its names, signed by its own key', () => {
    const nowMs = Date.UTC(2026, 5, 1);
    const { cert, key } = makeSelfSigned(['localhost', 'inn.example', '127.0.0.1', '::1', '2001:db8::5'], nowMs);
    const x509 = new X509Certificate(cert);
    assert.ok(x509.verify(x509.publicKey));
    assert.ok(x509.checkPrivateKey(createPrivateKey(key)));
    for (const name of ['localhost', 'inn.example']) assert.equal(x509.checkHost(name), name);
    for (const address of ['127.0.0.1', '::1', '2001:db8::5']) assert.ok(x509.checkIP(address), address);
    assert.equal(x509.checkHost('other.example'), undefined);
    assert.equal(x509.ca, false);
    assert.equal(x509.validFromDate.getTime(), nowMs - 3_600_000);
    assert.ok(x509.validToDate.getTime() - nowMs < 825 * 24 * 3_600_000);
  });

  it('makes another serial number and key each time, each one valid', () => {
    const made = Array.from({ length: 20 }, () => new X509Certificate(makeSelfSigned(['a'], Date.now()).cert));
    assert.equal(new Set(made.map(({ serialNumber }) => serialNumber)).size, 20);
    for (const x509 of made) assert.ok(x509.verify(x509.publicKey));
  });
});
