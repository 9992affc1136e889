import type { ExecStream } from '@innkeeper/client';
import { Command } from 'commander';
import { CliError } from '../cli-error.ts';
import { defineCommand } from '../define-command.ts';
import { EndedBySignal } from '../ended-by-signal.ts';
import { flag, list, type OptionsOf, optionalFlag, text } from '../options.ts';
import { printError } from '../output/print-error.ts';
import { parseDuration, parseVariables } from '../parse-values.ts';

const execOptions = [
  flag('-i, --interactive', 'forward stdin (default)'),
  flag('-n, --no-stdin', 'do not forward stdin'),
  optionalFlag('-t, --tty', 'allocate a terminal (default: if stdin and stdout are terminals)'),
  optionalFlag('-T, --no-tty', 'do not allocate a terminal'),
  text('-u, --user <user[:group]>', 'user to run as'),
  text('-w, --workdir <folder>', 'working directory'),
  list('-e, --env <name=value>', 'set a variable, or pass on the local one of that name; can be repeated'),
  text('--timeout <duration>', 'end it after this time, such as 30s'),
  flag('--detach', 'start it, print its id, and exit'),
  text('--attach <id>', 'follow a command that is already running'),
] as const;
type ExecOptions = OptionsOf<typeof execOptions>;

/** `inn exec VM -- CMD…`: passes input and output through, and exits like the command. */
export const command = defineCommand({
  arguments: '<vm> [command...]',
  passThrough: true,
  options: execOptions,
  async run({ client, command, options: before }, vm, rest) {
    const { words, options: after } = parseExecWords(rest, () => command.helpInformation());
    const options = { ...before, ...after, env: [...before.env, ...(after.env ?? [])] };
    if (words.length === 0 && options.attach === undefined)
      throw new CliError('The command is missing: inn exec VM -- CMD…');
    const terminal = options.tty ?? (process.stdin.isTTY === true && process.stdout.isTTY === true && !options.detach);
    const { execFailureCode, followExec } = await import('./exec-follow.ts');
    const lost = new Set<string>();
    const stream = client.exec(vm, {
      ...(options.attach === undefined
        ? { start: specOf(words, options, terminal), detach: options.detach }
        : { attach: { id: options.attach } }),
      onInterruption: (what) => {
        const [who = '', state] = what.split(' ');
        if (state === 'lost') lost.add(who);
        else lost.delete(who);
        if (!options.quiet) process.stderr.write(`inn: ${what}\n`);
      },
    });
    try {
      if (options.detach) await printId(stream);
      else
        process.exitCode = await followExec(stream, {
          terminal,
          input: options.attach === undefined && options.stdin,
          mayMissOutput: options.attach !== undefined,
          isLost: () => lost.size > 0,
        });
    } catch (error) {
      if (error instanceof EndedBySignal) throw error;
      const { withSuggestion } = await import('../with-suggestion.ts');
      printError(await withSuggestion(error, command), false);
      throw new CliError('', { exitCode: execFailureCode(error), silent: true });
    }
  },
});

/**
 * Parses what stands after the VM: options of `inn exec` up to "--" or the first other word; the rest is the command,
 * unchanged. Only options that are given are returned, since others may be given before the VM. `help` returns the text
 * for --help.
 * @throws CommanderError for an unknown option
 */
export function parseExecWords(
  given: readonly string[],
  help: () => string,
): { readonly words: string[]; readonly options: Partial<ExecOptions> } {
  const parser = new Command('exec');
  for (const { option } of execOptions) parser.addOption(option);
  parser.helpInformation = help;
  parser
    .argument('[command...]')
    .passThroughOptions()
    .exitOverride()
    .showHelpAfterError('Options of the command in the guest go after "--": inn exec VM -- CMD…')
    .parse([...given], { from: 'user' });
  const isGiven = (name: string): boolean => parser.getOptionValueSource(name) !== 'default';
  const options: Partial<ExecOptions> = Object.fromEntries(
    Object.entries(parser.opts()).filter(([name]) => isGiven(name)),
  );
  return { words: parser.args, options };
}

function specOf(words: readonly string[], options: ExecOptions, terminal: boolean) {
  const [user = '', group = ''] = (options.user ?? '').split(':');
  return {
    argv: [...words],
    user,
    group,
    workingDirectory: options.workdir ?? '',
    environment: parseVariables(options.env),
    timeoutMs: options.timeout === undefined ? 0 : parseDuration(options.timeout, '--timeout'),
    stdin: !options.detach && options.stdin,
    ...(terminal ? { terminal: { columns: process.stdout.columns || 80, rows: process.stdout.rows || 24 } } : {}),
  };
}

/** Prints the id of the command once it has started. */
async function printId(stream: ExecStream): Promise<void> {
  for await (const { event } of stream) {
    if (event.case !== 'started') continue;
    process.stdout.write(`${event.value.id}\n`);
    break;
  }
}
