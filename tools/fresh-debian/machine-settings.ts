import { execFileSync } from 'node:child_process';

/** The settings with which npm and Node on this machine reach the npm registry, for use in another root. */
export interface MachineSettings {
  readonly environment: Readonly<Record<string, string>>;
  /** A file of certificates that the environment refers to; it must have the same path there. */
  readonly certificates: string | undefined;
}

/** Where the certificates of this machine are copied in a root. */
export const certificatesInRoot = '/etc/ssl/certs/of-the-host.pem';

const npmSettings = ['registry', 'proxy', 'https-proxy', 'noproxy'];
const passedOn = ['http_proxy', 'https_proxy', 'no_proxy', 'HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY', 'CI'];

export function machineSettings(): MachineSettings {
  const configured = JSON.parse(execFileSync('npm', ['config', 'list', '--json'], { encoding: 'utf8' })) as Record<
    string,
    unknown
  >;
  const environment: Record<string, string> = {};
  for (const name of npmSettings) {
    const value = [configured[name] ?? ''].flat().join(',');
    if (value !== '') environment[`npm_config_${name.replaceAll('-', '_')}`] = value;
  }
  for (const name of passedOn) {
    const value = process.env[name];
    if (value !== undefined) environment[name] = value;
  }
  const { cafile } = configured;
  const certificates = typeof cafile === 'string' && cafile !== '' ? cafile : process.env['NODE_EXTRA_CA_CERTS'];
  if (certificates !== undefined) {
    environment['npm_config_cafile'] = certificatesInRoot;
    environment['NODE_EXTRA_CA_CERTS'] = certificatesInRoot;
  }
  return { environment, certificates };
}
