import type { allPages, InnkeeperClient } from '@innkeeper/client';
import type { Command } from 'commander';
import { serverAddress } from './contexts/server-address.ts';
import { type DeclaredOption, type OptionsOf, valuesOf } from './options.ts';

/** What the handler of a command works with. */
interface Invocation<Options> {
  /** The client of the chosen daemon, created at first use: some commands need no daemon. */
  readonly client: InnkeeperClient;
  readonly allPages: typeof allPages;
  /** The command's own options, and `--quiet`. */
  readonly options: Options & { readonly quiet: boolean };
  readonly command: Command;
}

type ArgumentOf<Term extends string> = Term extends `${string}...${string}`
  ? readonly string[]
  : Term extends `<${string}`
    ? string
    : string | undefined;

/** The types of arguments: `<vm> [command...]` is a string and a list of strings. */
type ArgumentsOf<Terms extends string> = Terms extends ''
  ? []
  : Terms extends `${infer First} ${infer Rest}`
    ? [ArgumentOf<First>, ...ArgumentsOf<Rest>]
    : [ArgumentOf<Terms>];

/** A command with its options and handler, apart from its name and its place in the command line. */
export interface CommandDefinition {
  readonly attachTo: (command: Command) => void;
}

/**
 * A command of `inn`. The handler gets its options and arguments typed from their declarations; what it throws is
 * printed, and decides the exit code.
 */
export function defineCommand<const Declared extends readonly DeclaredOption[], Terms extends string = ''>({
  arguments: terms,
  options: declared,
  passThrough = false,
  run,
}: {
  /** As commander writes them, such as `<vm> [command...]`. Default: none. */
  readonly arguments?: Terms;
  readonly options: Declared;
  /** Whether everything after the first argument is an argument, also what begins with a dash. Default: false. */
  readonly passThrough?: boolean;
  readonly run: (invocation: Invocation<OptionsOf<Declared>>, ...args: ArgumentsOf<Terms>) => Promise<void>;
}): CommandDefinition {
  const attachTo = (command: Command): void => {
    if (terms) command.arguments(terms);
    for (const { option } of declared) command.addOption(option);
    command.passThroughOptions(passThrough).action(async () => {
      // Not for "inn help VERB", which loads the command's file: the client takes longer to load than all else.
      const { allPages, createClient } = await import('@innkeeper/client');
      let client: InnkeeperClient | undefined;
      const invocation: Invocation<OptionsOf<Declared>> = {
        get client() {
          client ??= createClient(serverAddress(command));
          return client;
        },
        allPages,
        options: { ...valuesOf(declared, command.opts()), quiet: command.optsWithGlobals()['quiet'] === true },
        command,
      };
      await run(invocation, ...(command.processedArgs as ArgumentsOf<Terms>));
    });
  };
  return { attachTo };
}
