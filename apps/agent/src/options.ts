import { type LogLevel, parseLogLevel } from './log.ts';

/** The parsed command line. */
export type Options =
  | { readonly command: 'version' | 'self-test' | 'update-check' | 'help' }
  | { readonly command: 'usage-error'; readonly message: string }
  | {
      readonly command: 'serve';
      /** Paths of unix sockets to listen on. */
      readonly listen: readonly string[];
      /** Serve the VM's virtio-serial ports. */
      readonly virtio: boolean;
      readonly logLevel: LogLevel;
      /** Path of the keys that may sign a new agent; undefined: the guest's. */
      readonly updateKeys?: string | undefined;
    };

export const usage = `innkeeper-agent serve [--listen unix:PATH]… [--no-virtio] [--log-level debug|info|warn|error] [--update-keys PATH]
innkeeper-agent --self-test   checks what this guest's kernel offers
innkeeper-agent --update-check   the same, and what it can take over from another version
innkeeper-agent --version`;

/** Parses the command line; never throws. */
export function parseOptions(words: readonly string[]): Options {
  const [first, ...rest] = words;
  if (first === '--version') return { command: 'version' };
  if (first === '--self-test') return { command: 'self-test' };
  if (first === '--update-check') return { command: 'update-check' };
  if (first === '--help' || first === undefined) return { command: 'help' };
  if (first !== 'serve') return { command: 'usage-error', message: `unknown command "${first}"` };
  const listen: string[] = [];
  let virtio = true;
  let logLevel: LogLevel = 'info';
  let updateKeys: string | undefined;
  for (let at = 0; at < rest.length; at++) {
    const word = rest[at];
    const value = rest[at + 1];
    if (word === '--no-virtio') {
      virtio = false;
    } else if (word === '--listen' && value?.startsWith('unix:/')) {
      listen.push(value.slice('unix:'.length));
      at++;
    } else if (word === '--update-keys' && value?.startsWith('/')) {
      updateKeys = value;
      at++;
    } else if (word === '--log-level' && value !== undefined && parseLogLevel(value) !== undefined) {
      logLevel = parseLogLevel(value) ?? logLevel;
      at++;
    } else {
      return { command: 'usage-error', message: `unknown option "${word}", or its value is missing or invalid` };
    }
  }
  return { command: 'serve', listen, virtio, logLevel, updateKeys };
}
