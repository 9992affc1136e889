import { Command } from 'commander';
import { collect } from './collect.ts';

/** The options of `inn exec`. */
export interface ExecOptions {
  readonly tty?: boolean;
  readonly stdin?: boolean;
  readonly user?: string;
  readonly workdir?: string;
  readonly env?: readonly string[];
  readonly timeout?: string;
  readonly detach?: boolean;
  readonly attach?: string;
}

/** Adds them to a command; their one table. */
export function addExecOptions(command: Command): Command {
  return command
    .option('-i, --interactive', 'with our standard input (that is the default)')
    .option('-n, --no-stdin', 'without input')
    .option('-t, --tty', 'with a terminal (default: when ours is one)')
    .option('-T, --no-tty', 'without a terminal')
    .option('-u, --user <user[:group]>', 'as this user')
    .option('-w, --workdir <folder>', 'in this folder')
    .option('-e, --env <name=value>', 'with this variable, or with ours of that name; may be given again', collect)
    .option('--timeout <duration>', 'end it after this time, such as 30s')
    .option('--detach', 'start it, print its id, and leave it alone')
    .option('--attach <id>', 'follow one that runs');
}

/**
 * What stands after the VM: options of ours up to "--" or the first word that is none; the rest is the guest's, as it is.
 * `help` gives the text for --help.
 * @throws CommanderError for an option that is not known
 */
export function parseExecWords(
  given: readonly string[],
  help: () => string,
): { readonly words: string[]; readonly options: ExecOptions } {
  const command = addExecOptions(new Command('exec'));
  command.helpInformation = help;
  const rest = command
    .argument('[command...]')
    .passThroughOptions()
    .exitOverride()
    .showHelpAfterError('A dash of the guest’s command goes after "--": inn exec VM -- CMD…')
    .parse([...given], { from: 'user' });
  const options = rest.opts<ExecOptions>();
  // Only what was said: what was said before the VM counts otherwise.
  const said = Object.entries(options).filter(([name]) => rest.getOptionValueSource(name) !== 'default');
  return { words: rest.args, options: Object.fromEntries(said) };
}
