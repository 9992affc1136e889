import { Command, CommanderError, Option } from 'commander';
import { CliError } from './cli-error.ts';
import { collect } from './collect.ts';
import { addExecOptions } from './exec-options.ts';
import { exitCodeOf, exitCodes } from './exit-codes.ts';
import { printError } from './output/print-error.ts';
import { version } from './version.ts';
import { wantsJson } from './wants-json.ts';

/** Loads a command's code only when it is asked for: `inn ls` need not read the code of `inn top`. */
type Load = () => Promise<{ readonly run: (command: Command, ...words: never[]) => Promise<void> }>;

/** The whole command line. */
export function buildProgram(): Command {
  const program = new Command('inn')
    .description('Looks after the guests of your VMs.')
    .version(version, '-V, --version')
    .addOption(new Option('--data <folder>', "the daemon's data folder").env('INNKEEPER_DATA'))
    .addOption(
      new Option('--socket <path>', "the daemon's socket, instead of the one in its data folder").env(
        'INNKEEPER_SOCKET',
      ),
    )
    .addOption(new Option('--context <name>', 'a daemon that inn is logged in to, or "local"').env('INNKEEPER_CONTEXT'))
    .option('-q, --quiet', 'no progress and no hints')
    .addHelpText(
      'after',
      '\nFirst steps: inn image build tiny, then inn create hello --image tiny --start.\nExit codes, variables and examples: docs/operate/inn.md.',
    )
    .showHelpAfterError('Try: inn --help')
    .enablePositionalOptions()
    .exitOverride();
  const add = (parent: Command, usage: string, summary: string, load: Load): Command =>
    parent
      .command(usage)
      .description(summary)
      .exitOverride()
      .action(async (...parameters: unknown[]) => {
        const command = parameters.at(-1) as Command;
        const { run } = await load();
        await run(command, ...(command.processedArgs as never[]));
      });
  const output = (command: Command): Command =>
    command
      .addOption(
        new Option('-o, --output <format>', 'how the answer looks')
          .choices(['table', 'wide', 'json', 'yaml', 'name', 'csv'])
          .default('table'),
      )
      .option('--columns <titles>', 'only these columns of a list, such as name,state')
      .option('--no-headers', 'a table without its first line');

  output(add(program, 'ls [vm...]', 'List VMs', () => import('./commands/ls.ts'))).option(
    '--filter <conditions>',
    'only VMs that match, such as "state:running mem>80"',
  );
  output(add(program, 'show <vm>', 'Everything known about a VM', () => import('./commands/show.ts')));
  output(
    add(program, 'create <name>', 'Create a VM', () => import('./commands/create.ts'))
      .requiredOption('--image <name>', 'the image it is made from; see "inn image ls"')
      .option('--cpus <count>', 'virtual CPUs', '1')
      .option('--memory <size>', 'memory, such as 512M or 2G', '256M')
      .option('--disk <size>', 'disk, at least as large as the image (default: as the image)')
      .option('--tag <key=value>', 'a tag; may be given again', collect)
      .option('--start', 'start it, and wait until its agent answers'),
  );
  for (const [verb, summary] of [
    ['start', 'Start VMs, and wait until their agents answer'],
    ['stop', 'Stop VMs: the agent is asked, then ACPI, then they are killed'],
    ['kill', 'End VMs at once, as by pulling the plug'],
  ] as const)
    add(program, `${verb} <vm...>`, summary, () => import(`./commands/power.ts`)).option(
      '--timeout <duration>',
      'for each step, such as 30s',
    );
  add(program, 'rm <vm...>', 'Remove VMs with their disks', () => import('./commands/rm.ts'))
    .option('-f, --force', 'kill them first when they run')
    .option('-y, --yes', 'do not ask');
  addExecOptions(
    add(
      program,
      'exec <vm> [command...]',
      'Run a command in a guest; its exit code becomes ours',
      () => import('./commands/exec.ts'),
    ),
  ).passThroughOptions();
  add(
    program,
    'cp <from> <to>',
    'Copy a file to or from a guest: VM:/path on one side, "-" for a pipe',
    () => import('./commands/cp.ts'),
  ).option('-p, --parents', 'make the folders that are missing');
  output(
    add(program, 'top [vm]', 'What guests use, beside what their hypervisors use', () => import('./commands/top.ts')),
  ).option('--interval <duration>', 'between looks', '2s');
  output(add(program, 'doctor [vm]', 'Find out why an agent does not answer', () => import('./commands/doctor.ts')));
  output(add(program, 'events [vm]', 'What happened, newest last', () => import('./commands/events.ts'))).option(
    '-n, --lines <count>',
    'how many',
    '50',
  );
  addImages(program, add, output);
  addOperations(program, add, output);
  addLogins(program, add, output);
  add(program, 'completion <shell>', 'Completions for bash, zsh or fish', () => import('./commands/completion.ts'));
  return program;
}

type Add = (parent: Command, usage: string, summary: string, load: Load) => Command;

function addImages(program: Command, add: Add, output: (command: Command) => Command): void {
  const image = program.command('image').description('Disk images that VMs are made from').exitOverride();
  output(add(image, 'ls', 'List images', () => import('./commands/image-ls.ts')));
  add(
    image,
    'add <file>',
    'Add a disk image; the file itself is not touched',
    () => import('./commands/image-add.ts'),
  ).option('--name <name>', "default: the file's name");
  add(
    image,
    'build <kind>',
    'Build tiny, debian or debian-openrc from Debian packages',
    () => import('./commands/image-build.ts'),
  )
    .option('--name <name>', 'default: the kind')
    .option('--rebuild', 'although it exists');
  add(image, 'rm <name...>', 'Remove images', () => import('./commands/image-rm.ts'));
}

function addOperations(program: Command, add: Add, output: (command: Command) => Command): void {
  const operation = program.command('op').description('Slow things under way, and those that ended').exitOverride();
  output(add(operation, 'ls', 'List operations, newest first', () => import('./commands/op-ls.ts')));
  output(add(operation, 'show <id>', 'One operation with its log', () => import('./commands/op-show.ts')));
  add(operation, 'cancel <id>', 'Cancel an operation', () => import('./commands/op-cancel.ts'));
}

function addLogins(program: Command, add: Add, output: (command: Command) => Command): void {
  add(program, 'login <url>', 'Use a daemon elsewhere from now on', () => import('./commands/login.ts'))
    .option('--user <name>', 'who to log in as', 'admin')
    .option('--name <context>', "what inn calls it (default: the address's host)")
    .option('--token-stdin', 'read a token from standard input instead of asking for a password')
    .option('--ca <file>', 'trust the certificates in this file');
  add(program, 'logout [context]', 'Forget a daemon, and revoke its token', () => import('./commands/logout.ts'));
  const context = program.command('context').description('Daemons that inn is logged in to').exitOverride();
  output(add(context, 'ls', 'List them', () => import('./commands/context-ls.ts')));
  add(context, 'use <name>', 'Use another one; "local" is this machine', () => import('./commands/context-use.ts'));
  const token = program.command('token').description('Keys for programs').exitOverride();
  output(add(token, 'ls', 'List tokens', () => import('./commands/token-ls.ts'))).option('--all', "everybody's");
  output(add(token, 'create <name>', 'Make a token; it is shown once', () => import('./commands/token-create.ts')))
    .option('--privilege <name>', 'what it may do (default: all its user may); may be given again', collect)
    .option('--scope <scope>', '"*", tag:NAME, tag:NAME=VALUE or vm:ID')
    .option('--allow <command>', 'only commands that begin so may be started; may be given again', collect)
    .option('--days <count>', 'how long it is good for (default: 90)');
  add(token, 'revoke <id...>', 'End tokens at once', () => import('./commands/token-revoke.ts'));
  const user = program.command('user').description('People who may come in').exitOverride();
  output(add(user, 'ls', 'List users', () => import('./commands/user-ls.ts')));
  add(user, 'create <name>', 'Make a user', () => import('./commands/user-create.ts')).option(
    '--role <role@scope>',
    'such as operator, or viewer@tag:web (default: viewer); may be given again',
    collect,
  );
  add(user, 'rm <name...>', 'Remove users, with their tokens', () => import('./commands/user-rm.ts'));
  add(program, 'web', 'A link that logs in to the web console once', () => import('./commands/web.ts')).option(
    '--user <name>',
    'whom it logs in',
    'admin',
  );
}

/** Runs it to its exit code. Errors are told on standard error, as JSON with -o json. */
export async function runProgram(argv: readonly string[]): Promise<void> {
  // A reader that went away ("inn ls | head") is no fault.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(process.exitCode ?? 0);
    printError(error, false);
    process.exit(exitCodes.general);
  });
  const program = buildProgram();
  let command: Command | undefined;
  program.hook('preAction', (_, acting) => {
    command = acting;
  });
  try {
    await program.parseAsync([...argv]);
  } catch (error) {
    if (error instanceof CommanderError) process.exit(error.exitCode === 0 ? 0 : 2);
    if (!(error instanceof CliError && error.silent)) {
      const { withSuggestion } = await import('./with-suggestion.ts');
      printError(await withSuggestion(error, command), wantsJson(argv));
    }
    process.exit(exitCodeOf(error));
  }
}
