import { createPrivateKey, X509Certificate } from 'node:crypto';
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import { hostname, networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { mib } from '@innkeeper/kit';
import { readRegularFile } from '@innkeeper/kit/node';
import { makeSelfSigned } from '../edge/web/self-signed.ts';

/** It is renewed this long before it expires. */
const renewMs = 30 * 24 * 3_600_000;

export interface OwnCertificate {
  readonly cert: string;
  readonly key: string;
  /** SHA-256 in hex with colons, as browsers show it. */
  readonly fingerprint: string;
}

/**
 * The daemon's self-signed certificate in this folder. The one that is there stays while it is good for all names, so
 * that whoever has trusted it goes on to.
 */
export async function ownCertificate(
  folder: string,
  names: readonly string[],
  nowMs: number = Date.now(),
): Promise<OwnCertificate> {
  const [certPath, keyPath] = [join(folder, 'cert.pem'), join(folder, 'key.pem')];
  const kept = await readPair(certPath, keyPath);
  if (kept !== undefined && isGoodFor(kept, names, nowMs)) return withFingerprint(kept);
  const made = makeSelfSigned(names, nowMs);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  // It may be somebody's own that does not name this machine.
  if (kept !== undefined) for (const path of [certPath, keyPath]) await rename(path, `${path}.old`);
  // A crash between the two leaves a key that does not match, and both are generated again.
  await writeWhole(keyPath, made.key);
  await writeWhole(certPath, made.cert);
  return withFingerprint(made);
}

/** Names and addresses by which this machine can be reached, when it listens on `host`. */
export function ownNames(host: string, further: readonly string[]): string[] {
  const isEverywhere = host === '0.0.0.0' || host === '::';
  const addresses = Object.values(networkInterfaces()).flatMap((all) => (all ?? []).map(({ address }) => address));
  const found = isEverywhere ? addresses.filter((address) => !address.startsWith('fe80:')) : [host];
  return [...new Set(['localhost', '127.0.0.1', '::1', hostname().toLowerCase(), ...found, ...further])];
}

async function readPair(certPath: string, keyPath: string): Promise<{ cert: string; key: string } | undefined> {
  try {
    const read = async (path: string): Promise<string> => (await readRegularFile(path, mib)).toString('utf8');
    return { cert: await read(certPath), key: await read(keyPath) };
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}

function isGoodFor({ cert, key }: { cert: string; key: string }, names: readonly string[], nowMs: number): boolean {
  try {
    const x509 = new X509Certificate(cert);
    return (
      x509.checkPrivateKey(createPrivateKey(key)) &&
      x509.validToDate.getTime() - renewMs > nowMs &&
      names.every((name) => (isIP(name) === 0 ? x509.checkHost(name) : x509.checkIP(name)) !== undefined)
    );
  } catch {
    // An invalid certificate or key is replaced.
    return false;
  }
}

function withFingerprint({ cert, key }: { cert: string; key: string }): OwnCertificate {
  return { cert, key, fingerprint: new X509Certificate(cert).fingerprint256 };
}

async function writeWhole(path: string, text: string): Promise<void> {
  await writeFile(`${path}.new`, text, { mode: 0o600 });
  await rename(`${path}.new`, path);
}
