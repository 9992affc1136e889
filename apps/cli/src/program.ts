import { Command, CommanderError, Option } from 'commander';
import { CliError } from './cli-error.ts';
import { collect } from './collect.ts';
import { dieOf, EndedBySignal } from './ended-by-signal.ts';
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
      .option('--start', 'start it, and wait until its agent answers')
      .option('--autostart', 'start it whenever the daemon starts, unless somebody stopped it since the host booted'),
  );
  add(program, 'set <vm...>', 'Change settings of VMs', () => import('./commands/set.ts')).addOption(
    new Option('--autostart <on|off>', 'whether they start with the daemon').choices(['on', 'off']),
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
  add(program, 'restart <vm...>', 'Stop VMs that run, and start them', () => import('./commands/restart.ts')).option(
    '--timeout <duration>',
    'for each step, such as 30s',
  );
  add(program, 'wait <vm...>', 'Wait until VMs are as wanted', () => import('./commands/wait.ts'))
    .addOption(
      new Option('--for <goal>', 'that they run, that their agents answer, that they do not run')
        .choices(['running', 'agent', 'stopped'])
        .default('agent'),
    )
    .option('--timeout <duration>', 'for all of them, such as 30s', '3m');
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
    'cp <paths...>',
    'Copy files to or from a guest, the last path is the target: VM:/path on one side, "-" for a pipe',
    () => import('./commands/cp.ts'),
  )
    .option('-r, --recursive', 'folders with all that is in them; "-" is then a tar archive')
    .option('-p, --parents', 'make the folders that are missing')
    .option('--owners', 'with -r: keep owners by number, and set-user-id bits (default: root in guests, you here)');
  addFiles(program, add, output);
  output(add(program, 'ps <vm>', 'What runs in a guest, the busiest first', () => import('./commands/ps.ts')))
    .addOption(
      new Option('--sort <by>', 'what they are sorted by').choices(['cpu', 'memory', 'pid', 'name']).default('cpu'),
    )
    .option('-n, --lines <count>', 'how many at most', '200')
    .option('--tree', 'children below their parents')
    .option('--kernel-threads', 'threads of the kernel too');
  add(program, 'signal <vm> <pid...>', 'Send a signal to processes of a guest', () => import('./commands/signal.ts'))
    .option('-s, --signal <name>', 'such as TERM, KILL, HUP, or a number', 'TERM')
    .option('--tree', 'to their descendants too');
  output(
    add(program, 'top [vm]', 'What guests use, beside what their hypervisors use', () => import('./commands/top.ts')),
  ).option('--interval <duration>', 'between looks', '2s');
  output(add(program, 'doctor [vm]', 'Find out why an agent does not answer', () => import('./commands/doctor.ts')));
  addWatching(program, add, output);
  addRuns(program, add, output);
  addNodes(program, add, output);
  addImages(program, add, output);
  addOperations(program, add, output);
  addLogins(program, add, output);
  add(program, 'version', 'The versions of inn and of its daemon', () => import('./commands/version.ts')).addOption(
    formOption(['table', 'json', 'yaml']),
  );
  add(program, 'completion <shell>', 'Completions for bash, zsh or fish', () => import('./commands/completion.ts'));
  return program;
}

type Add = (parent: Command, usage: string, summary: string, load: Load) => Command;

function addFiles(program: Command, add: Add, output: (command: Command) => Command): void {
  const files = program.command('files').description('Files of a guest: VM:/path').exitOverride();
  output(add(files, 'ls <place>', 'List a folder', () => import('./commands/files-ls.ts')))
    .option('-l, --long', 'owners and links too, as -o wide')
    .option('-a, --all', 'names that begin with a dot too')
    .addOption(
      new Option('--sort <by>', 'what it is sorted by').choices(['name', 'size', 'modified', 'time']).default('name'),
    )
    .option('-r, --reverse', 'the other way round');
  output(add(files, 'stat <place>', 'What is known of a file', () => import('./commands/files-stat.ts'))).option(
    '-L, --dereference',
    'of a symbolic link: what it points to',
  );
  add(files, 'mkdir <place...>', 'Make folders', () => import('./commands/files-mkdir.ts'))
    .option('-p, --parents', 'those above them too; one that is there is no error')
    .option('-m, --mode <octal>', 'permission bits', '755');
  add(files, 'mv <from> <to>', 'Rename or move within a file system', () => import('./commands/files-mv.ts')).option(
    '-f, --force',
    'replace what is there',
  );
  add(files, 'rm <place...>', 'Remove files; links are never followed', () => import('./commands/files-rm.ts'))
    .option('-r, --recursive', 'folders with all that is in them')
    .option('-f, --force', 'what is not there is no error');
  add(
    files,
    'chmod <mode> <place...>',
    'Set permission bits, in octal',
    () => import('./commands/files-chmod.ts'),
  ).option('-R, --recursive', 'folders with all that is in them');
  add(
    files,
    'chown <owner> <place...>',
    'Set owner and group: USER, USER:GROUP or :GROUP, by name or number',
    () => import('./commands/files-chown.ts'),
  ).option('-R, --recursive', 'folders with all that is in them');
}

function addWatching(program: Command, add: Add, output: (command: Command) => Command): void {
  const detachKey = ['--detach-key <key>', 'what leaves, such as ctrl-] or none', 'ctrl-]'] as const;
  output(
    add(
      program,
      'shell <vm> [command...]',
      'A terminal in a guest, which stays when you leave it',
      () => import('./commands/shell.ts'),
    ),
  )
    .option('-u, --user <user>', 'as this user (default: root)')
    .option('-w, --workdir <folder>', 'in this folder')
    .option('--attach <id>', 'come back to one')
    .option('--ls', 'list those of the VM')
    .option('--close <id>', 'end one, with all that runs on it')
    .option(...detachKey);
  add(
    program,
    'console <vm>',
    'The serial console: what is kept of the past, then what comes',
    () => import('./commands/console.ts'),
  )
    .option('--read-only', 'only look')
    .option('--take', 'type, although somebody else does')
    .option(...detachKey);
  output(add(program, 'events [vm]', 'What happened, newest last', () => import('./commands/events.ts')))
    .option('-n, --lines <count>', 'how many', '50')
    .option('-f, --follow', 'go on with what happens')
    .option('--vm <vm>', 'only of this VM')
    .option('--type <prefix>', 'only events that begin so, such as agent or vm.started')
    .option('--since <time>', 'only since then, such as 10m, 2h, 7d or 2026-11-21T08:00');
  output(add(program, 'audit', 'Who did what, and how it ended, newest last', () => import('./commands/audit.ts')))
    .option('-n, --lines <count>', 'how many', '50')
    .option('--user <name>', 'only what this user did')
    .option('--vm <vm>', 'only what was done to this VM')
    .option('--action <prefix>', 'only actions that begin so, such as guest or VmService/StopVm')
    .option('--result <result>', '"ok", "failed" or a reason')
    .option('--text <words>', 'only with these words in the parameters')
    .option('--since <time>', 'only since then, such as 10m, 2h, 7d or 2026-11-21T08:00')
    .option('--verify', 'recompute the chain of hashes instead');
}

function addRuns(program: Command, add: Add, output: (command: Command) => Command): void {
  add(
    program,
    'run [command...]',
    'Run a command or script on one VM or many; it is kept with its output',
    () => import('./commands/run.ts'),
  )
    .option('--on <where>', 'a VM (may be given again), tag=NAME, or a filter such as "state:running mem>80"', collect)
    .option('--script <file>', 'a script instead of a command; "-" is standard input')
    .option('--interpreter <path>', 'what reads the script (default: its "#!" line, else /bin/sh)')
    .option('-u, --user <user[:group]>', 'as this user')
    .option('--group <group>', 'as this group')
    .option('-w, --cwd <folder>', 'in this folder')
    .option('-e, --env <name=value>', 'with this variable, or with ours of that name; may be given again', collect)
    .option('--timeout <duration>', 'end it after this time, such as 30s (default: 1h)')
    .option('--max-output <size>', 'kept of each VM, at most 16M (default: 1M)')
    .option('--title <text>', 'what it is called (default: its first line)')
    .option('--detach', 'start it, print its id, and leave it alone')
    .addOption(formOption(['table', 'json', 'yaml']))
    .passThroughOptions();
  const runs = program.command('runs').description('Runs under way, and those that ended').exitOverride();
  output(add(runs, 'ls', 'List runs, newest first', () => import('./commands/runs-ls.ts')))
    .option('--on <vm>', 'only those that went to this VM')
    .option('--by <user>', 'only those of this user')
    .option('--text <words>', 'only those with this in title, command or script')
    .option('-n, --lines <count>', 'how many', '50');
  output(add(runs, 'show <id>', 'One run, and what came of it on each VM', () => import('./commands/runs-show.ts')));
  add(runs, 'follow <id>', 'Its output so far, and what comes', () => import('./commands/runs-follow.ts')).addOption(
    formOption(['table', 'json', 'yaml']),
  );
  add(runs, 'output <id>', 'What is kept of the output of one VM', () => import('./commands/runs-output.ts'))
    .option('--on <vm>', 'which one, when it went to many')
    .addOption(new Option('--stream <name>', 'which stream').choices(['stdout', 'stderr', 'both']).default('both'));
  add(runs, 'cancel <id>', 'End it everywhere: TERM, then KILL', () => import('./commands/runs-cancel.ts'));
}

function formOption(forms: readonly string[]): Option {
  return new Option('-o, --output <format>', 'how the answer looks').choices(forms).default('table');
}

function addNodes(program: Command, add: Add, output: (command: Command) => Command): void {
  const node = program.command('node').description('Hosts that run VMs').exitOverride();
  output(add(node, 'ls', 'List nodes', () => import('./commands/node-ls.ts')));
}

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
  // A reader that went away ("inn ls | head") is no fault of ours, but it has not got everything: as SIGPIPE ends others.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(exitCodes.brokenPipe);
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
    if (error instanceof EndedBySignal) dieOf(error.signal);
    process.exit(exitCodeOf(error));
  }
}
