import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** A private CA and a certificate for each side, created as in docs/operate/replicas.md. */
export function makeCertificates(folder: string): {
  readonly node: string[];
  readonly control: string[];
  readonly ca: string;
} {
  const openssl = (...argv: string[]): void => {
    const { status, stderr } = spawnSync('openssl', argv, { cwd: folder, encoding: 'utf8' });
    if (status !== 0) throw new Error(`openssl ${argv[0]} failed: ${stderr}`);
  };
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  openssl('req', '-x509', ...newKey, '-days', '30', '-subj', '/CN=innkeeper', '-keyout', 'ca.key', '-out', 'ca.pem');
  const sign = (name: string, extensions: string): string[] => {
    writeFileSync(join(folder, `${name}.ext`), extensions);
    openssl('req', ...newKey, '-subj', `/CN=${name}`, '-keyout', `${name}.key`, '-out', `${name}.csr`);
    const by = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-extfile', `${name}.ext`];
    openssl('x509', '-req', '-in', `${name}.csr`, ...by, '-days', '30', '-out', `${name}.pem`);
    return [join(folder, `${name}.pem`), join(folder, `${name}.key`)];
  };
  return {
    node: sign('node', 'subjectAltName=IP:127.0.0.1\nextendedKeyUsage=serverAuth\n'),
    control: sign('control', 'extendedKeyUsage=clientAuth\n'),
    ca: join(folder, 'ca.pem'),
  };
}
