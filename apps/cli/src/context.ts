import { homedir } from 'node:os';
import { join } from 'node:path';
import { createClient, type InnkeeperClient } from '@innkeeper/client';
import type { Command } from 'commander';

export type OutputFormat = 'table' | 'wide' | 'json' | 'yaml' | 'name' | 'csv';

/** What a command works with. */
export interface Context<T> {
  readonly client: InnkeeperClient;
  readonly options: T & {
    readonly output: OutputFormat;
    readonly headers: boolean;
    readonly quiet?: boolean;
    readonly columns?: string;
  };
}

/** The client and the options of a command, the global ones among them. */
export function contextOf<T extends object = object>(command: Command): Context<T> {
  const options = command.optsWithGlobals() as Context<T>['options'] & {
    readonly data?: string;
    readonly socket?: string;
  };
  const saidFolder = command.getOptionValueSourceWithGlobals('data') === 'cli';
  const saidSocket = command.getOptionValueSourceWithGlobals('socket') === 'cli';
  // A folder on the command line is meant more than a socket in the environment. Empty variables are none.
  const socket = saidFolder && !saidSocket ? '' : (options.socket ?? '');
  const socketPath = socket || join(options.data || defaultDataFolder(), 'innkeeper.sock');
  return { client: createClient({ socketPath }), options };
}

/** As the daemon's: $XDG_DATA_HOME/innkeeper, else ~/.local/share/innkeeper. */
function defaultDataFolder(): string {
  return join(process.env['XDG_DATA_HOME'] || join(homedir(), '.local', 'share'), 'innkeeper');
}
