import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { defaultAgentBinaryPath } from '@innkeeper/images';
import { defaultDataFolder } from '../node/data/data-folder.ts';
import type { ControlListenerSettings } from './control-listener.ts';
import { optionalDatabase } from './database-address.ts';
import { type ListenSettings, listenSettings } from './listen-settings.ts';
import { checkLogLevel } from './log-level.ts';

export interface ServeSettings {
  readonly dataPath: string;
  readonly agentBinaryPath: string;
  readonly logLevel: string;
  /** Take over images and VMs in the data folder that the database does not know. */
  readonly adoptData: boolean;
  /** Bring up the VM `hello` after the start. */
  readonly hello: boolean;
  /** postgres://… instead of the SQLite file in the data folder. */
  readonly databaseAddress: string | undefined;
  /** Where measured values are written as well, by Prometheus' remote write. */
  readonly remoteWrite: URL | undefined;
  /** Undefined: on the unix socket alone. */
  readonly listen: ListenSettings | undefined;
  /** Where the built web console lies. */
  readonly webFolder: string;
  /** Present: control planes may connect. */
  readonly controlListener?: ControlListenerSettings;
}

/** Beside the sources, where tools/build-web.ts puts it. */
export const defaultWebFolder = join(import.meta.dirname, '../../../../dist/web');

export const usage = `innkeeper serve [--data DIR] [--listen HOST:PORT] [--agent-binary PATH] [--log-level LEVEL] [--hello]

  --data DIR           folder of VMs, images and the socket; default $XDG_DATA_HOME/innkeeper
  --listen HOST:PORT   address for browsers and other machines, or "none"; default 127.0.0.1:8080, or the next free port
  --name NAME          another host name to accept; may be repeated
  --ports-domain NAME  give ports of guests origins of their own, PORT--VM.NAME; see docs/operate/connect.md
  --tls-cert FILE      certificate chain, in PEM; with --tls-key
  --tls-key FILE       key of the certificate
  --tls-self-signed    use a self-signed certificate, generated at the first start
  --insecure-cleartext allow --listen beyond this machine without TLS
  --remote-write URL   also send measurements there by Prometheus remote write, every 15 s
  --agent-binary PATH  the agent binary to install into images
  --adopt-data         adopt images and VMs in the data folder that the database does not know; removes nothing
  --log-level LEVEL    debug, info, warn (default) or error
  --hello              build the image "tiny" and start a VM "hello"

DATABASE_URL=postgres://… replaces the SQLite file in the data folder.

"innkeeper node --help" and "innkeeper control --help" describe how to run the two separately.
`;

/** Reads the arguments of `innkeeper`; undefined when they ask for help. Throws an Error for the user if they are wrong. */
export function parseCommandLine(argv: readonly string[], environment: NodeJS.ProcessEnv): ServeSettings | undefined {
  const { values, positionals } = parseArgs({
    args: [...argv],
    allowPositionals: true,
    options: {
      data: { type: 'string' },
      'agent-binary': { type: 'string' },
      'log-level': { type: 'string' },
      hello: { type: 'boolean' },
      'adopt-data': { type: 'boolean' },
      'remote-write': { type: 'string' },
      listen: { type: 'string' },
      name: { type: 'string', multiple: true },
      'ports-domain': { type: 'string' },
      'tls-cert': { type: 'string' },
      'tls-key': { type: 'string' },
      'tls-self-signed': { type: 'boolean' },
      'insecure-cleartext': { type: 'boolean' },
      help: { type: 'boolean', short: 'h' },
    },
  });
  if (values.help) return undefined;
  if (positionals.length !== 1 || positionals[0] !== 'serve')
    throw new Error('The commands are "serve", "node" and "control".');
  return {
    dataPath: values.data ?? environment['INNKEEPER_DATA'] ?? defaultDataFolder(environment),
    agentBinaryPath: values['agent-binary'] ?? defaultAgentBinaryPath,
    logLevel: checkLogLevel(values['log-level']),
    hello: values.hello ?? false,
    adoptData: values['adopt-data'] ?? false,
    databaseAddress: optionalDatabase(environment),
    remoteWrite: remoteWriteOf(values['remote-write']),
    listen: listenSettings(values),
    webFolder: defaultWebFolder,
  };
}

/** Reads --remote-write. Throws an Error for the user if it is invalid. */
export function remoteWriteOf(text: string | undefined): URL | undefined {
  if (text === undefined) return undefined;
  const url = URL.parse(text);
  if (url === null || !/^https?:$/.test(url.protocol)) throw new Error('--remote-write must be an http or https URL.');
  return url;
}
