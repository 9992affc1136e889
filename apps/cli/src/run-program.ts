import { type Command, CommanderError } from 'commander';
import { agentWords } from './agent/agent-words.ts';
import { brokenOutputCode, watchOutput } from './broken-output.ts';
import { CliError } from './cli-error.ts';
import { dieOf, EndedBySignal } from './ended-by-signal.ts';
import { exitCodeOf, exitCodes } from './exit-codes.ts';
import { loadCommands } from './lazy-commands.ts';
import { printError } from './output/print-error.ts';
import { buildProgram } from './program.ts';

/** Runs a command line and exits. Errors are printed on standard error, as JSON with `-o json`. */
export async function runProgram(argv: readonly string[]): Promise<void> {
  watchOutput();
  const program = buildProgram();
  let command: Command | undefined;
  program.hook('preAction', (_, acting) => {
    command = acting;
  });
  try {
    // commander prints "inn help VERB" without running the hook that loads the verb.
    if (argv.includes('help')) await loadCommands(program, (name) => argv.includes(name));
    const agent = agentWords(argv);
    if (agent === undefined) await program.parseAsync([...argv]);
    else await (await import('./agent/agent-program.ts')).runAgentProgram(agent);
  } catch (error) {
    if (error instanceof CommanderError) process.exit(error.exitCode === 0 ? 0 : exitCodes.usage);
    if (!(error instanceof CliError && error.silent)) {
      const { withSuggestion } = await import('./with-suggestion.ts');
      printError(await withSuggestion(error, command), wantsJson(argv));
    }
    if (error instanceof EndedBySignal) dieOf(error.signal);
    process.exit(brokenOutputCode() ?? exitCodeOf(error));
  }
}

/** Whether `-o json` is among the options of inn, before a `--`. */
export function wantsJson(argv: readonly string[]): boolean {
  const end = argv.indexOf('--');
  const own = end < 0 ? argv : argv.slice(0, end);
  return own.some(
    (word, index) =>
      word === '-ojson' || word === '--output=json' || (/^(-o|--output)$/.test(word) && own[index + 1] === 'json'),
  );
}
