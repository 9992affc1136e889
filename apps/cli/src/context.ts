import { createClient, type InnkeeperClient } from '@innkeeper/client';
import type { Command } from 'commander';
import { serverAddress } from './contexts/server-address.ts';

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
  return { client: createClient(serverAddress(command)), options: outputOf<T>(command) };
}

/** The options alone, for what asks no daemon. */
export function outputOf<T extends object = object>(command: Command): Context<T>['options'] {
  return command.optsWithGlobals() as Context<T>['options'];
}
