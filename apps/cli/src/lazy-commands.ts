import { type Command, Help } from 'commander';
import type { CommandDefinition } from './define-command.ts';

type Load = () => Promise<{ readonly command: CommandDefinition }>;

/** The line of each command in the help of its parent, where its options are not loaded. */
const usages = new WeakMap<Command, string>();
const unloaded = new WeakMap<Command, Load>();

/** A command's line in the help of its parent (name, options, arguments), its summary, and how its file is loaded. */
type LazyCommand = readonly [usage: string, summary: string, load: Load];

/**
 * Adds commands whose files, with their options and handlers, are loaded only when they are used: `inn ls` does not read
 * the code of `inn top`.
 */
export function addCommands(parent: Command, commands: readonly LazyCommand[]): void {
  for (const [usage, summary, load] of commands) {
    const command = parent.command(usage.replace(/ .*/, '')).description(summary);
    usages.set(command, usage);
    unloaded.set(command, load);
  }
}

/** Adds a group of commands, such as `inn runs`. */
export function addGroup(parent: Command, name: string, summary: string): Command {
  return loadsCommands(parent.command(name).description(summary));
}

/** Makes a command load those of its subcommands that are used. */
export function loadsCommands(parent: Command): Command {
  return parent.hook('preSubcommand', (_parent, command) => loadCommand(command));
}

/**
 * Loads the commands below this one whose names are accepted, by default all: for what shows their options, which are
 * completions, manual pages and `inn help`.
 */
export async function loadCommands(parent: Command, accept: (name: string) => boolean = () => true): Promise<void> {
  await Promise.all(
    parent.commands
      .filter((command) => accept(command.name()))
      .map(async (command) => {
        await loadCommand(command);
        await loadCommands(command, accept);
      }),
  );
}

/** A command's line in the help of its parent. */
export function usageOf(command: Command): string {
  return usages.get(command) ?? new Help().subcommandTerm(command);
}

async function loadCommand(command: Command): Promise<void> {
  const load = unloaded.get(command);
  if (load === undefined) return;
  unloaded.delete(command);
  (await load()).command.attachTo(command);
}
