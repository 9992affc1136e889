import { parseArgs } from 'node:util';
import { defaultAgentBinaryPath } from './agent-binary.ts';
import { defaultDataFolder } from './data-folder.ts';

export interface ServeSettings {
  readonly dataPath: string;
  readonly agentBinaryPath: string;
  readonly logLevel: string;
  /** Bring up the VM `hello` after the start. */
  readonly hello: boolean;
}

export const usage = `innkeeper serve [--data DIR] [--agent-binary PATH] [--log-level LEVEL] [--hello]

  --data DIR           where VMs, images and the socket lie; default $XDG_DATA_HOME/innkeeper
  --agent-binary PATH  the agent that is put into images
  --log-level LEVEL    debug, info, warn (default) or error
  --hello              build the image "tiny" and bring up a VM "hello"
`;

const levels: readonly string[] = ['debug', 'info', 'warn', 'error'];

/** Reads the arguments of `innkeeper`; undefined when they ask for help. Throws in plain words when they are wrong. */
export function parseCommandLine(argv: readonly string[], environment: NodeJS.ProcessEnv): ServeSettings | undefined {
  const { values, positionals } = parseArgs({
    args: [...argv],
    allowPositionals: true,
    options: {
      data: { type: 'string' },
      'agent-binary': { type: 'string' },
      'log-level': { type: 'string' },
      hello: { type: 'boolean' },
      help: { type: 'boolean', short: 'h' },
    },
  });
  if (values.help) return undefined;
  if (positionals.length !== 1 || positionals[0] !== 'serve') throw new Error('The one command is "serve".');
  const logLevel = values['log-level'] ?? 'warn';
  if (!levels.includes(logLevel)) throw new Error(`--log-level is ${levels.join(', ')}.`);
  return {
    dataPath: values.data ?? environment['INNKEEPER_DATA'] ?? defaultDataFolder(environment),
    agentBinaryPath: values['agent-binary'] ?? defaultAgentBinaryPath,
    logLevel,
    hello: values.hello ?? false,
  };
}
