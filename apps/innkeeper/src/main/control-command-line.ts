import { parseArgs } from 'node:util';
import { defaultAgentBinaryPath } from '@innkeeper/images';
import { type NodeAddress, parseNodeAddress } from '../relay/node-address.ts';
import { defaultWebFolder } from './command-line.ts';
import { requiredDatabase } from './database-address.ts';
import { type ListenSettings, listenSettings } from './listen-settings.ts';
import { checkLogLevel } from './log-level.ts';

export interface ControlSettings {
  readonly node: NodeAddress;
  /** What it shows to a node beyond this machine, and whom it takes for the node. */
  readonly nodeTls: { readonly certPath: string; readonly keyPath: string; readonly caPath: string } | undefined;
  readonly listen: ListenSettings;
  readonly databaseAddress: string;
  readonly agentBinaryPath: string;
  readonly logLevel: string;
  readonly webFolder: string;
}

export const controlUsage = `innkeeper control --node unix:/PATH | https://HOST:PORT [--listen HOST:PORT]

  --node unix:/PATH    the node's control.sock, on the same machine
  --node https://…     a node that listens with --control-ca; with the three files:
  --node-cert FILE     client certificate to present to it, in PEM
  --node-key FILE      key of that certificate
  --node-ca FILE       authority of the node's certificate

  --listen HOST:PORT   address for browsers and other machines; default 127.0.0.1:8080, or the next free port
  --name NAME          another host name to accept; may be repeated
  --tls-cert FILE      certificate chain, in PEM; with --tls-key
  --tls-key FILE       key of the certificate
  --insecure-cleartext allow --listen beyond this machine without TLS
  --agent-binary PATH  the agent binary to serve
  --log-level LEVEL    debug, info, warn (default) or error

DATABASE_URL=postgres://… is the database of the node and its control planes.
`;

/** Reads the arguments after `innkeeper control`; undefined when they ask for help. Throws an Error for the user if they are wrong. */
export function parseControlCommandLine(
  argv: readonly string[],
  environment: NodeJS.ProcessEnv,
): ControlSettings | undefined {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      node: { type: 'string' },
      'node-cert': { type: 'string' },
      'node-key': { type: 'string' },
      'node-ca': { type: 'string' },
      listen: { type: 'string' },
      name: { type: 'string', multiple: true },
      'tls-cert': { type: 'string' },
      'tls-key': { type: 'string' },
      'insecure-cleartext': { type: 'boolean' },
      'agent-binary': { type: 'string' },
      'log-level': { type: 'string' },
      help: { type: 'boolean', short: 'h' },
    },
  });
  if (values.help) return undefined;
  if (values.node === undefined) throw new Error('--node is missing.');
  const node = parseNodeAddress(values.node);
  const { 'node-cert': certPath, 'node-key': keyPath, 'node-ca': caPath } = values;
  if ([certPath, keyPath, caPath].some((path) => (path === undefined) !== (node.kind === 'unix'))) {
    throw new Error('--node-cert, --node-key and --node-ca go together with --node https://….');
  }
  const nodeTls =
    certPath === undefined || keyPath === undefined || caPath === undefined ? undefined : { certPath, keyPath, caPath };
  const listen = listenSettings(values);
  if (listen === undefined)
    throw new Error('--listen must be HOST:PORT: a control plane cannot run without a TCP port.');
  return {
    node,
    nodeTls,
    listen,
    databaseAddress: requiredDatabase(environment),
    agentBinaryPath: values['agent-binary'] ?? defaultAgentBinaryPath,
    logLevel: checkLogLevel(values['log-level']),
    webFolder: defaultWebFolder,
  };
}
