import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { ServerAddress } from '@innkeeper/client';
import type { Command } from 'commander';
import { CliError } from '../cli-error.ts';
import { globalOptions } from '../global-options.ts';
import { valuesOf } from '../options.ts';
import { contextNamed, readContexts } from './stored-contexts.ts';

/**
 * Address of the daemon that a command uses: from the command line, else the environment, else the current context, else
 * the daemon on this machine. Within one of these, a socket or folder takes precedence over a URL or context. Empty
 * variables count as unset.
 */
export function serverAddress(command: Command, environment: NodeJS.ProcessEnv = process.env): ServerAddress {
  const options = valuesOf(globalOptions, command.optsWithGlobals());
  const isOnCommandLine = (name: string): boolean => command.getOptionValueSourceWithGlobals(name) === 'cli';
  if (isOnCommandLine('socket') && options.socket) return { socketPath: options.socket };
  if (isOnCommandLine('data') && options.data) return socketIn(options.data);
  if (isOnCommandLine('context') && options.context) return contextAddress(options.context);
  if (options.socket) return { socketPath: options.socket };
  if (options.data) return socketIn(options.data);
  const url = environment['INNKEEPER_URL'];
  if (url) return { url, token: tokenOf(environment), ...caOf(environment) };
  const name = options.context || readContexts().current;
  return name === '' ? localAddress(environment) : contextAddress(name);
}

/** The same as the daemon's default: $XDG_DATA_HOME/innkeeper, else ~/.local/share/innkeeper. */
function defaultDataFolder(environment: NodeJS.ProcessEnv): string {
  return join(environment['XDG_DATA_HOME'] || join(homedir(), '.local', 'share'), 'innkeeper');
}

/** Data folder of the service that the packages install. Only root and the service's user can read it. */
const serviceDataFolder = '/var/lib/innkeeper';

/** The daemon of this user if it has a socket, else the system service if this user can see its socket. */
function localAddress(environment: NodeJS.ProcessEnv): ServerAddress {
  const [user, service] = [socketIn(defaultDataFolder(environment)), socketIn(serviceDataFolder)];
  return !existsSync(user.socketPath) && existsSync(service.socketPath) ? service : user;
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
  throw new CliError('INNKEEPER_URL is set, but INNKEEPER_TOKEN is not. Create a token with "inn token create".');
}

function caOf(environment: NodeJS.ProcessEnv): { readonly ca?: string } {
  const path = environment['INNKEEPER_CA'];
  return path ? { ca: readFileSync(path, 'utf8') } : {};
}
