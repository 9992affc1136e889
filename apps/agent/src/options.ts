import { defaultConfigPath, type VsockPeers, vsockPeerProblem, vsockPeersOf } from '@innkeeper/agent-core';
import { type LogLevel, parseLogLevel } from './log.ts';

/** The parsed command line. */
export type Options =
  | { readonly command: 'version' | 'self-test' | 'update-check' | 'help' }
  | { readonly command: 'usage-error'; readonly message: string }
  | {
      readonly command: 'serve';
      /** Paths of unix sockets to listen on. */
      readonly listen: readonly string[];
      /** Ports of vsock to listen on. */
      readonly listenVsock: readonly number[];
      /** Whose vsock connections are served; undefined: as the configuration file says. */
      readonly vsockPeers?: VsockPeers | undefined;
      /** Serve the VM's virtio-serial ports. */
      readonly virtio: boolean;
      readonly logLevel: LogLevel;
      /** Path of the keys that may sign a new agent; undefined: the guest's. */
      readonly updateKeys?: string | undefined;
      /** Path of the configuration file, which need not exist. */
      readonly configPath: string;
    }
  | { readonly command: 'doctor'; readonly json: boolean; readonly configPath: string };

export const usage = `innkeeper-agent serve [--listen unix:PATH|vsock:PORT]… [--vsock-peers CID,…|any] [--no-virtio] [--log-level debug|info|warn|error] [--config FILE] [--update-keys PATH]
innkeeper-agent doctor [-o json] [--config FILE]   says what is missing between this agent and its host
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
  if (first === 'doctor') return parseDoctor(rest);
  if (first !== 'serve') return { command: 'usage-error', message: `unknown command "${first}"` };
  const listen: string[] = [];
  const listenVsock: number[] = [];
  let vsockPeers: VsockPeers | undefined;
  let virtio = true;
  let logLevel: LogLevel = 'info';
  let updateKeys: string | undefined;
  let configPath = defaultConfigPath;
  for (let at = 0; at < rest.length; at++) {
    const word = rest[at];
    const value = rest[at + 1];
    if (word === '--no-virtio') {
      virtio = false;
    } else if (word === '--listen' && value?.startsWith('unix:/')) {
      listen.push(value.slice('unix:'.length));
      at++;
    } else if (word === '--listen' && isVsock(value)) {
      listenVsock.push(Number(value.slice('vsock:'.length)));
      at++;
    } else if (word === '--vsock-peers' && value?.split(',').every((each) => vsockPeerProblem(each) === undefined)) {
      vsockPeers = vsockPeersOf(value.split(','));
      at++;
    } else if (word === '--update-keys' && value?.startsWith('/')) {
      updateKeys = value;
      at++;
    } else if (word === '--log-level' && value !== undefined && parseLogLevel(value) !== undefined) {
      logLevel = parseLogLevel(value) ?? logLevel;
      at++;
    } else if (word === '--config' && value?.startsWith('/')) {
      configPath = value;
      at++;
    } else {
      return unknownOption(word);
    }
  }
  return { command: 'serve', listen, listenVsock, vsockPeers, virtio, logLevel, updateKeys, configPath };
}

function isVsock(value: string | undefined): value is string {
  return value !== undefined && /^vsock:[1-9]\d{0,8}$/.test(value);
}

function parseDoctor(words: readonly string[]): Options {
  let json = false;
  let configPath = defaultConfigPath;
  for (let at = 0; at < words.length; at++) {
    const word = words[at];
    const value = words[at + 1];
    if (word === '--json') {
      json = true;
    } else if ((word === '-o' || word === '--output') && (value === 'json' || value === 'text')) {
      json = value === 'json';
      at++;
    } else if (word === '--config' && value?.startsWith('/')) {
      configPath = value;
      at++;
    } else {
      return unknownOption(word);
    }
  }
  return { command: 'doctor', json, configPath };
}

function unknownOption(word: string | undefined): Options {
  return { command: 'usage-error', message: `unknown option "${word}", or its value is missing or invalid` };
}
