import { parseArgs } from 'node:util';
import { defaultAgentBinaryPath } from '@innkeeper/images';
import { defaultDataFolder } from '../node/data/data-folder.ts';
import { remoteWriteOf, type ServeSettings } from './command-line.ts';
import type { ControlListenerSettings } from './control-listener.ts';
import { requiredDatabase } from './database-address.ts';
import { parseAddress } from './listen-settings.ts';
import { checkLogLevel } from './log-level.ts';

export interface NodeSettings extends ServeSettings {
  readonly controlListener: ControlListenerSettings;
}

export const nodeUsage = `innkeeper node [--data DIR] [--listen HOST:PORT --tls-cert FILE --tls-key FILE --control-ca FILE]

  Runs VMs for control planes ("innkeeper control"), which connect to control.sock in its data folder, or to:

  --listen HOST:PORT   address for control planes with a certificate of --control-ca
  --tls-cert FILE      the node's certificate chain, in PEM
  --tls-key FILE       key of the certificate
  --control-ca FILE    authority of the control planes' certificates, in PEM; use it for nothing else

  --data DIR           folder of VMs, images and the sockets; default $XDG_DATA_HOME/innkeeper
  --remote-write URL   also send measurements there by Prometheus remote write, every 15 s
  --agent-binary PATH  the agent binary to install into images
  --adopt-data         adopt images and VMs in the data folder that the database does not know; removes nothing
  --log-level LEVEL    debug, info, warn (default) or error

DATABASE_URL=postgres://… is the database of the node and its control planes.
`;

/** Reads the arguments after `innkeeper node`; undefined when they ask for help. Throws an Error for the user if they are wrong. */
export function parseNodeCommandLine(
  argv: readonly string[],
  environment: NodeJS.ProcessEnv,
): NodeSettings | undefined {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      data: { type: 'string' },
      listen: { type: 'string' },
      'tls-cert': { type: 'string' },
      'tls-key': { type: 'string' },
      'control-ca': { type: 'string' },
      'remote-write': { type: 'string' },
      'agent-binary': { type: 'string' },
      'log-level': { type: 'string' },
      'adopt-data': { type: 'boolean' },
      help: { type: 'boolean', short: 'h' },
    },
  });
  if (values.help) return undefined;
  const { listen, 'tls-cert': certPath, 'tls-key': keyPath, 'control-ca': caPath } = values;
  const files = [certPath, keyPath, caPath];
  if (files.some((path) => (path === undefined) !== (listen === undefined))) {
    throw new Error('--listen, --tls-cert, --tls-key and --control-ca go together.');
  }
  const tls =
    certPath === undefined || keyPath === undefined || caPath === undefined ? undefined : { certPath, keyPath, caPath };
  return {
    dataPath: values.data ?? environment['INNKEEPER_DATA'] ?? defaultDataFolder(environment),
    agentBinaryPath: values['agent-binary'] ?? defaultAgentBinaryPath,
    logLevel: checkLogLevel(values['log-level']),
    hello: false,
    adoptData: values['adopt-data'] ?? false,
    databaseAddress: requiredDatabase(environment),
    remoteWrite: remoteWriteOf(values['remote-write']),
    listen: undefined,
    webFolder: '',
    controlListener: listen === undefined || tls === undefined ? {} : { tcp: { ...parseAddress(listen), ...tls } },
  };
}
