import { Command } from 'commander';
import { globalOptions } from './global-options.ts';
import { addCommands, addGroup, loadsCommands, usageOf } from './lazy-commands.ts';
import { version } from './version.ts';

/** The whole command line: the name and summary of each command. Its options are declared in its own file. */
export function buildProgram(): Command {
  const program = new Command('inn')
    .description('Create VMs and work inside them.')
    .version(version, '-V, --version')
    .addHelpText(
      'after',
      '\nFirst steps: inn image build tiny, then inn create hello --image tiny --start.\nExit codes, variables and examples: docs/operate/inn.md.\nWithout a daemon: inn --agent unix:PATH|vsock:PATH health|status|exec|configure-network.',
    )
    .configureHelp({ subcommandTerm: usageOf })
    .showHelpAfterError('Try: inn --help')
    .enablePositionalOptions()
    .exitOverride();
  for (const { option } of globalOptions) program.addOption(option);
  loadsCommands(program);
  addVms(program);
  addGuests(program);
  addRuns(program);
  addDaemon(program);
  addLogins(program);
  addCommands(program, [
    ['version [options]', 'Print the versions of inn and of its daemon', () => import('./commands/version.ts')],
    ['completion <shell>', 'Print completions for bash, zsh or fish', () => import('./commands/completion.ts')],
  ]);
  return program;
}

function addVms(program: Command): void {
  addCommands(program, [
    ['ls [options] [vm...]', 'List VMs', () => import('./commands/ls.ts')],
    ['show [options] <vm>', 'Show everything known about a VM', () => import('./commands/show.ts')],
    ['create [options] <name>', 'Create a VM', () => import('./commands/create.ts')],
    ['set [options] <vm...>', 'Change settings of VMs', () => import('./commands/set.ts')],
    ['rename <vm> <name>', 'Rename a stopped VM', () => import('./commands/rename.ts')],
    ['start [options] <vm...>', 'Start VMs, and wait until their agents answer', () => import('./commands/power.ts')],
    ['stop [options] <vm...>', 'Stop VMs: ask the agent, then ACPI, then kill', () => import('./commands/power.ts')],
    ['kill [options] <vm...>', 'Kill VMs immediately, like a power cut', () => import('./commands/power.ts')],
    ['restart [options] <vm...>', 'Stop the running VMs, then start all', () => import('./commands/restart.ts')],
    [
      'shutdown [options] <vm...>',
      'Shut guests down from inside, now or later',
      () => import('./commands/shutdown.ts'),
    ],
    ['reboot [options] <vm...>', 'Reboot guests from inside, now or later', () => import('./commands/shutdown.ts')],
    ['suspend <vm...>', 'Suspend guests to memory', () => import('./commands/suspend.ts')],
    ['wake <vm...>', 'Wake suspended guests', () => import('./commands/wake.ts')],
    ['wait [options] <vm...>', 'Wait until VMs reach a state', () => import('./commands/wait.ts')],
    ['rm [options] <vm...>', 'Remove VMs with their disks', () => import('./commands/rm.ts')],
    [
      'adopt [options] [name]',
      'Add a VM that somebody else runs, by the address of its agent, or all of libvirt or Proxmox VE',
      () => import('./commands/adopt.ts'),
    ],
    ['release <vm...>', 'Forget adopted VMs, and touch nothing else', () => import('./commands/release.ts')],
  ]);
}

function addGuests(program: Command): void {
  addCommands(program, [
    [
      'exec [options] <vm> [command...]',
      'Run a command in a guest, and exit with its exit code',
      () => import('./commands/exec.ts'),
    ],
    [
      'cp [options] <paths...>',
      'Copy files to or from a guest; the last path is the target: VM:/path on one side, "-" for a pipe',
      () => import('./commands/cp.ts'),
    ],
  ]);
  addCommands(addGroup(program, 'files', 'Work on files of a guest: VM:/path'), [
    ['ls [options] <path>', 'List a folder', () => import('./commands/files-ls.ts')],
    ['stat [options] <path>', 'Show the properties of a file', () => import('./commands/files-stat.ts')],
    ['mkdir [options] <path...>', 'Create folders', () => import('./commands/files-mkdir.ts')],
    ['mv [options] <from> <to>', 'Rename or move within a file system', () => import('./commands/files-mv.ts')],
    ['rm [options] <path...>', 'Remove files; links are not followed', () => import('./commands/files-rm.ts')],
    ['chmod [options] <mode> <path...>', 'Set permission bits, in octal', () => import('./commands/files-chmod.ts')],
    [
      'chown [options] <owner> <path...>',
      'Set owner and group: USER, USER:GROUP or :GROUP, by name or number',
      () => import('./commands/files-chown.ts'),
    ],
    ['watch [options] <path>', 'Print changes as they happen', () => import('./commands/files-watch.ts')],
  ]);
  addCommands(addGroup(program, 'services', 'Services of a guest: systemd, OpenRC, SysV init'), [
    ['ls [options] <vm>', 'List services', () => import('./commands/services-ls.ts')],
    [
      'show [options] <vm> <unit>',
      'Show a service with the last lines of its log',
      () => import('./commands/services-show.ts'),
    ],
    ['start [options] <vm> <unit...>', 'Start services', () => import('./commands/services-control.ts')],
    ['stop [options] <vm> <unit...>', 'Stop services', () => import('./commands/services-control.ts')],
    ['restart [options] <vm> <unit...>', 'Restart services', () => import('./commands/services-control.ts')],
    ['enable [options] <vm> <unit...>', 'Start services at boot', () => import('./commands/services-control.ts')],
    [
      'disable [options] <vm> <unit...>',
      'Do not start services at boot',
      () => import('./commands/services-control.ts'),
    ],
  ]);
  addCommands(addGroup(program, 'network', 'Show and change the network of a guest'), [
    ['show [options] <vm>', 'Show interfaces, routes and name servers', () => import('./commands/network-show.ts')],
    [
      'set [options] <vm> [command...]',
      'Configure an interface; the guest rolls back unless it is confirmed, or a command on this machine succeeds',
      () => import('./commands/network-set.ts'),
    ],
    ['confirm [options] <vm>', 'Keep the change', () => import('./commands/network-confirm.ts')],
    ['rollback [options] <vm>', 'Restore the earlier network', () => import('./commands/network-rollback.ts')],
  ]);
  addCommands(addGroup(program, 'guest', 'Settings of a guest: its names, keys and region'), [
    ['show [options] <vm>', 'Show them', () => import('./commands/guest-show.ts')],
    ['set [options] <vm>', 'Change them', () => import('./commands/guest-set.ts')],
  ]);
  addCommands(addGroup(program, 'agent', 'The agents in guests'), [
    [
      'install [options] <vm>',
      'Put the agent into a guest through qemu-ga, or print what to paste there',
      () => import('./commands/agent-install.ts'),
    ],
    [
      'update [options] [vm...]',
      'Replace agents by that of the daemon; commands and terminals continue',
      () => import('./commands/agent-update.ts'),
    ],
  ]);
  addCommands(addGroup(program, 'account', 'Accounts of a guest'), [
    ['ls [options] <vm>', 'List them', () => import('./commands/account-ls.ts')],
    [
      'passwd [options] <vm> <user>',
      'Set a password, asked for or read from standard input',
      async () => ({ command: (await import('./commands/account-change.ts')).passwd }),
    ],
    [
      'lock [options] <vm> <user>',
      'Disable its password',
      async () => ({ command: (await import('./commands/account-change.ts')).lock }),
    ],
    [
      'unlock [options] <vm> <user>',
      'Enable its password again',
      async () => ({ command: (await import('./commands/account-change.ts')).unlock }),
    ],
    [
      'expire [options] <vm> <user>',
      'Require a new password at the next login',
      async () => ({ command: (await import('./commands/account-change.ts')).expire }),
    ],
  ]);
  addCommands(addGroup(program, 'ssh-key', 'SSH keys that may log in to an account of a guest'), [
    ['ls [options] <vm> <user>', 'List them', async () => ({ command: (await import('./commands/ssh-keys.ts')).ls })],
    [
      'add <vm> <user> <file...>',
      'Add public keys; "-" reads standard input',
      async () => ({ command: (await import('./commands/ssh-keys.ts')).add }),
    ],
    [
      'rm <vm> <user> <key...>',
      'Remove keys by fingerprint or comment',
      async () => ({ command: (await import('./commands/ssh-keys.ts')).rm }),
    ],
  ]);
  for (const [group, what] of [
    ['cpu', 'CPUs'],
    ['memory', 'blocks of memory'],
  ] as const)
    addCommands(addGroup(program, group, `${what} of a guest, on and off line`), [
      ['ls [options] <vm>', `List the ${what} of a guest`, () => import('./commands/hardware-ls.ts')],
      ['on <vm> <id...>', `Put ${what} on line`, () => import('./commands/hardware-set.ts')],
      ['off <vm> <id...>', `Take ${what} off line`, () => import('./commands/hardware-set.ts')],
    ]);
  addCommands(program, [
    [
      'inventory [options] <vm> [part]',
      'Show what a guest consists of: system, hardware, routes; or its packages, users or containers',
      () => import('./commands/inventory.ts'),
    ],
    [
      'logs [options] <vm>',
      'Print the journal of a guest, a file, the log of its kernel or of its agent',
      () => import('./commands/logs.ts'),
    ],
    ['ps [options] <vm>', 'List the processes of a guest, the busiest first', () => import('./commands/ps.ts')],
    ['signal [options] <vm> <pid...>', 'Send a signal to processes of a guest', () => import('./commands/signal.ts')],
    [
      'top [options] [vm]',
      'Show the usage of guests, next to the usage of their hypervisors',
      () => import('./commands/top.ts'),
    ],
    [
      'freeze [options] <vm> [command...]',
      'Freeze the file systems of a guest, for a time or while a command runs on this machine',
      () => import('./commands/freeze.ts'),
    ],
    ['thaw [options] <vm>', 'Thaw the file systems of a guest', () => import('./commands/thaw.ts')],
    ['trim [options] <vm>', 'Report unused blocks of a guest to its disks', () => import('./commands/trim.ts')],
    ['sync-time [options] <vm>', 'Set the clock of a guest', () => import('./commands/sync-time.ts')],
    ['doctor [options] [vm]', 'Find out why an agent does not answer', () => import('./commands/doctor.ts')],
    [
      'shell [options] <vm> [command...]',
      'Open a terminal in a guest, which keeps running when you detach',
      () => import('./commands/shell.ts'),
    ],
    [
      'console [options] <vm>',
      'Open the serial console: its stored output, then new output',
      () => import('./commands/console.ts'),
    ],
    [
      'tunnel [options] <vm> <target>',
      'Connect standard input and output to a TCP port or unix socket of a guest',
      () => import('./commands/tunnel.ts'),
    ],
    [
      'forward [options] <vm> <forwards...>',
      'Forward ports of this machine to ports or sockets of a guest: 8080, 8080:80 or 8080:/path',
      () => import('./commands/forward.ts'),
    ],
    [
      'ssh-config [options] <vm...>',
      'Print the lines for ~/.ssh/config with which ssh reaches guests by name',
      () => import('./commands/ssh-config.ts'),
    ],
    ['events [options] [vm]', 'List events, newest last', () => import('./commands/events.ts')],
    ['audit [options]', 'List who did what, with the result, newest last', () => import('./commands/audit.ts')],
  ]);
}

function addRuns(program: Command): void {
  addCommands(program, [
    [
      'run [options] [command...]',
      'Run a command or script on one VM or many; the run is stored with its output',
      () => import('./commands/run.ts'),
    ],
  ]);
  addCommands(addGroup(program, 'runs', 'Inspect and cancel runs'), [
    ['ls [options]', 'List runs, newest first', () => import('./commands/runs-ls.ts')],
    ['show [options] <id>', 'Show a run, with the result on each VM', () => import('./commands/runs-show.ts')],
    ['follow [options] <id>', 'Print its output so far, then new output', () => import('./commands/runs-follow.ts')],
    ['output [options] <id>', 'Print the stored output of one VM', () => import('./commands/runs-output.ts')],
    ['cancel <id>', 'Cancel it on all VMs: TERM, then KILL', () => import('./commands/runs-cancel.ts')],
  ]);
}

function addDaemon(program: Command): void {
  addCommands(addGroup(program, 'node', 'Hosts that run VMs'), [
    ['ls [options]', 'List nodes', () => import('./commands/node-ls.ts')],
  ]);
  addCommands(addGroup(program, 'image', 'Disk images that VMs are created from'), [
    ['ls [options]', 'List images', () => import('./commands/image-ls.ts')],
    ['add [options] <file>', 'Add a disk image; the file is not changed', () => import('./commands/image-add.ts')],
    [
      'build [options] <kind>',
      'Build tiny, debian or debian-openrc from Debian packages',
      () => import('./commands/image-build.ts'),
    ],
    ['rm <name...>', 'Remove images', () => import('./commands/image-rm.ts')],
  ]);
  addCommands(addGroup(program, 'op', 'Long-running operations, such as building an image'), [
    ['ls [options]', 'List operations, newest first', () => import('./commands/op-ls.ts')],
    ['show [options] <id>', 'Show an operation with its log', () => import('./commands/op-show.ts')],
    ['cancel <id>', 'Cancel an operation', () => import('./commands/op-cancel.ts')],
  ]);
}

function addLogins(program: Command): void {
  addCommands(program, [
    [
      'login [options] <url>',
      'Log in to a daemon on another machine, and use it from now on',
      () => import('./commands/login.ts'),
    ],
    ['logout [context]', 'Forget a daemon, and revoke its token', () => import('./commands/logout.ts')],
  ]);
  addCommands(addGroup(program, 'context', 'Daemons that inn is logged in to'), [
    ['ls [options]', 'List contexts', () => import('./commands/context-ls.ts')],
    [
      'use <name>',
      'Switch to a context; "local" is the daemon on this machine',
      () => import('./commands/context-use.ts'),
    ],
  ]);
  addCommands(addGroup(program, 'token', 'Manage API tokens'), [
    ['ls [options]', 'List tokens', () => import('./commands/token-ls.ts')],
    ['create [options] <name>', 'Create a token; it is shown once', () => import('./commands/token-create.ts')],
    ['revoke <id...>', 'Revoke tokens immediately', () => import('./commands/token-revoke.ts')],
  ]);
  addCommands(addGroup(program, 'user', 'Manage users'), [
    ['ls [options]', 'List users', () => import('./commands/user-ls.ts')],
    ['create [options] <name>', 'Create a user', () => import('./commands/user-create.ts')],
    ['set [options] <name>', "Change a user's roles, login or password", () => import('./commands/user-set.ts')],
    ['passwd', 'Change your own password', () => import('./commands/user-passwd.ts')],
    ['rm <name...>', 'Remove users, with their sessions and tokens', () => import('./commands/user-rm.ts')],
  ]);
  addCommands(addGroup(program, 'role', 'Manage roles: what a user may do'), [
    ['ls [options]', 'List roles', () => import('./commands/role-ls.ts')],
    ['set [options] <name>', 'Create a role, or replace its privileges', () => import('./commands/role-set.ts')],
    ['rm <name...>', 'Remove roles that no user has', () => import('./commands/role-rm.ts')],
  ]);
  addCommands(program, [
    ['web [options]', 'Print a link that logs in to the web console once', () => import('./commands/web.ts')],
  ]);
}
