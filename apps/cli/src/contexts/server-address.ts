import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { ServerAddress } from '@innkeeper/client';
import type { Command } from 'commander';
import { CliError } from '../cli-error.ts';
import { contextNamed, readContexts } from './stored-contexts.ts';

/** The global options that say which daemon is meant. */
interface AddressOptions {
  readonly data?: string;
  readonly socket?: string;
  readonly context?: string;
}

/**
 * Which daemon a command talks to: what the command line says, else the environment, else the context that is used, else
 * the daemon on this machine. Of one source, a socket or folder comes before an address. Empty variables are none.
 */
export function serverAddress(command: Command, environment: NodeJS.ProcessEnv = process.env): ServerAddress {
  const options = command.optsWithGlobals() as AddressOptions;
  const isSaid = (name: string): boolean => command.getOptionValueSourceWithGlobals(name) === 'cli';
  if (isSaid('socket') && options.socket) return { socketPath: options.socket };
  if (isSaid('data') && options.data) return socketIn(options.data);
  if (isSaid('context') && options.context) return contextAddress(options.context);
  if (options.socket) return { socketPath: options.socket };
  if (options.data) return socketIn(options.data);
  const url = environment['INNKEEPER_URL'];
  if (url) return { url, token: tokenOf(environment), ...caOf(environment) };
  const name = options.context || readContexts().current;
  return name === '' || name === undefined ? localAddress(environment) : contextAddress(name);
}

/** As the daemon's: $XDG_DATA_HOME/innkeeper, else ~/.local/share/innkeeper. */
function defaultDataFolder(environment: NodeJS.ProcessEnv): string {
  return join(environment['XDG_DATA_HOME'] || join(homedir(), '.local', 'share'), 'innkeeper');
}

/** Of the service that the packages install. Only root and the service's own user can look into it. */
const serviceDataFolder = '/var/lib/innkeeper';

/** The user's own daemon; where there is none, the machine's service for who may use its socket. */
function localAddress(environment: NodeJS.ProcessEnv): ServerAddress {
  const [own, service] = [socketIn(defaultDataFolder(environment)), socketIn(serviceDataFolder)];
  return !existsSync(own.socketPath) && existsSync(service.socketPath) ? service : own;
}

function socketIn(folder: string): { readonly socketPath: string } {
  return { socketPath: join(folder, 'innkeeper.sock') };
}

function contextAddress(name: string): ServerAddress {
  if (name === 'local') return localAddress(process.env);
  const { url, token, ca } = contextNamed(readContexts(), name);
  return { url, token, ca };
}

function tokenOf(environment: NodeJS.ProcessEnv): string {
  const token = environment['INNKEEPER_TOKEN'];
  if (token) return token;
  throw new CliError('INNKEEPER_URL is set and INNKEEPER_TOKEN is not. Make a token with "inn token create".');
}

function caOf(environment: NodeJS.ProcessEnv): { readonly ca?: string } {
  const path = environment['INNKEEPER_CA'];
  return path ? { ca: readFileSync(path, 'utf8') } : {};
}
