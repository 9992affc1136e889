import type { ProcessSpec, TerminalSize } from '@innkeeper/contract/agent';
import { isOperationError, OperationError } from '@innkeeper/contract/errors';
import { isCallerId, maxIdChars } from '@innkeeper/contract/limits';
import { openOptions } from '../file/open-options.ts';
import type { ChildProcess, Host, SpawnSpec } from '../host.ts';
import { isHostError } from '../host-error.ts';
import type { CommandRule } from '../policy/guest-policy.ts';
import { resolveIdentity } from './accounts.ts';
import { buildEnvironment } from './environment.ts';
import type { ExecGroup, ExecGroups } from './exec-group.ts';
import { maxTerminalSide } from './feed-process.ts';
import { ManagedProcess } from './managed-process.ts';
import { spawnError } from './spawn-error.ts';
import { StdinFeed } from './stdin-feed.ts';

const defaultKillGraceMs = 5000;
/** Where programs are searched without PATH, as by execvp(3). */
const noPath = '/bin:/usr/bin';
/** Maximum length of a command line in a list: the list must fit into one message. */
const maxListedChars = 100;
/** The size of a terminal if none is given: that of a VT100. */
const defaultTerminal = { columns: 80, rows: 24 };

/**
 * Starts a command by its spec.
 * @throws OperationError INVALID_ARGUMENT, USER_NOT_FOUND, GROUP_NOT_FOUND, COMMAND_NOT_FOUND, COMMAND_NOT_EXECUTABLE,
 *   WORKING_DIRECTORY_INVALID, SPAWN_FAILED, DENIED_BY_GUEST_POLICY
 */
export async function startProcess(
  host: Host,
  { groups, rule }: { readonly groups: ExecGroups; readonly rule: CommandRule | undefined },
  spec: ProcessSpec,
  onEnded: () => void,
): Promise<ManagedProcess> {
  const argv = argvOf(spec);
  rule?.checkEnvironment(spec.environment);
  const isOther = spec.user !== '' || spec.group !== '' || spec.noSupplementaryGroups;
  const identity = await resolveIdentity(host, {
    user: spec.user,
    group: spec.group,
    // Without another user, the agent's groups stay too.
    noSupplementaryGroups: spec.noSupplementaryGroups || !isOther,
  });
  const environment = buildEnvironment({
    id: spec.id,
    uid: identity.uid,
    account: identity.account,
    terminal: spec.terminal !== undefined,
    extra: checkedEnvironment(spec.environment),
    isWhole: spec.onlyEnvironment,
  });
  const group = groups.create();
  const child = spawnAt(directoriesOf(spec, identity.account?.home), group, (directory) =>
    spawn(host, {
      ...allowed(host, rule, programPaths(argv[0] ?? '', environment.get('PATH') ?? noPath, directory), argv),
      environment: [...environment].map(([name, value]) => `${name}=${value}`),
      directory,
      identity: isOther ? { uid: identity.uid, gid: identity.gid, groups: identity.groups } : undefined,
      stdio: spec.terminal === undefined ? 'pipes' : 'pty',
      stdin: spec.stdin,
      terminalSize: spec.terminal === undefined ? undefined : terminalSizeOf(spec.terminal),
      groupEntry: group?.entry,
    }),
  );
  const feed = child.stdin === undefined ? undefined : new StdinFeed(child.stdin, spec.terminal !== undefined);
  return new ManagedProcess({
    host,
    id: spec.id,
    argv: shortened(argv),
    child,
    group,
    stdin: feed,
    timeoutMs: spec.timeoutMs,
    killGraceMs: spec.killGraceMs === 0 ? defaultKillGraceMs : spec.killGraceMs,
    maxOutputBytes: Number(spec.maxOutputBytes),
    neverWaitForReader: spec.neverWaitForReader,
    hangupAfterMs: spec.hangupAfterMs,
    onEnded,
  });
}

function argvOf({ id, argv, shellCommand }: ProcessSpec): readonly string[] {
  if (!isCallerId(id))
    throw new OperationError(
      'INVALID_ARGUMENT',
      `id must be 1 to ${maxIdChars} characters of A-Z, a-z, 0-9, "_" and "-".`,
    );
  if ((argv.length === 0) === (shellCommand === ''))
    throw new OperationError('INVALID_ARGUMENT', 'Give either argv or shell_command.');
  if (argv.length > 0 && argv[0] === '') throw new OperationError('INVALID_ARGUMENT', 'The program of argv is empty.');
  const words = argv.length > 0 ? argv : ['/bin/sh', '-c', shellCommand];
  if (words.some((word) => word.includes('\0')))
    throw new OperationError('INVALID_ARGUMENT', 'An argument contains a NUL character.');
  return words;
}

function checkedEnvironment(environment: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  for (const [name, value] of Object.entries(environment))
    if (name === '' || /[=\0]/.test(name) || value.includes('\0'))
      throw new OperationError(
        'INVALID_ARGUMENT',
        'A name in environment is empty or contains "=", or a name or value contains a NUL character.',
      );
  return environment;
}

/**
 * The paths at which a program is searched, in order: its name if that has a slash, otherwise one in each folder of `path`,
 * where an empty part is `directory`.
 */
function programPaths(name: string, path: string, directory: string): string[] {
  if (name.includes('/')) return [name];
  return path.split(':').map((folder) => {
    if (folder === '') return `${directory}/${name}`;
    return folder.startsWith('/') ? `${folder}/${name}` : `${directory}/${folder}/${name}`;
  });
}

/** With a rule, the program is the one that was checked, and its name is not the caller's choice: a busybox decides by it. */
function allowed(
  host: Host,
  rule: CommandRule | undefined,
  programs: readonly string[],
  argv: readonly string[],
): Pick<SpawnSpec, 'programs' | 'argv'> {
  if (rule === undefined) return { programs, argv };
  const program = rule.programOf(host, programs);
  return { programs: [program], argv: [program, ...argv.slice(1)] };
}

/** The caller's directory, or the user's home and "/": service accounts often have a home that they cannot enter. */
function directoriesOf({ workingDirectory }: ProcessSpec, home: string | undefined): readonly string[] {
  if (workingDirectory === '') return home?.startsWith('/') === true ? [home, '/'] : ['/'];
  if (!workingDirectory.startsWith('/') || workingDirectory.includes('\0'))
    throw new OperationError('WORKING_DIRECTORY_INVALID', 'working_directory must be an absolute path.');
  return [workingDirectory];
}

/** Starts the command in the first of the directories that its user can enter. If that fails, the cgroup is released. */
function spawnAt(
  directories: readonly string[],
  group: ExecGroup | undefined,
  start: (directory: string) => ChildProcess,
): ChildProcess {
  const [directory = '/', ...others] = directories;
  try {
    return start(directory);
  } catch (error) {
    if (others.length > 0 && isOperationError(error) && error.reason === 'WORKING_DIRECTORY_INVALID')
      return spawnAt(others, group, start);
    group?.release();
    throw error;
  }
}

function terminalSizeOf({ columns, rows }: TerminalSize): NonNullable<SpawnSpec['terminalSize']> {
  const side = (value: number, without: number): number => (value === 0 ? without : Math.min(value, maxTerminalSide));
  return { columns: side(columns, defaultTerminal.columns), rows: side(rows, defaultTerminal.rows) };
}

function spawn(host: Host, spec: SpawnSpec): ChildProcess {
  try {
    const child = host.processes.spawn(spec);
    restoreOomScore(host, child.pid);
    return child;
  } catch (error) {
    if (!isHostError(error)) throw error;
    throw spawnError(spec, error);
  }
}

/** The beginning of a command line, which may have megabytes. */
function shortened(argv: readonly string[]): string[] {
  const words: string[] = [];
  let room = maxListedChars;
  for (const word of argv) {
    if (room <= 0) break;
    words.push(word.slice(0, room));
    room -= word.length + 1;
  }
  return words;
}

/** The agent is protected from the out-of-memory killer; programs that it starts must not be. */
function restoreOomScore(host: Host, pid: number): void {
  try {
    const file = host.files.open(`/proc/${pid}/oom_score_adj`, openOptions({ access: 'write' }));
    host.files.writeNext(file, zero);
    file.close();
  } catch {
    // ENOENT: it has ended already. EACCES: not root, so it was not protected either.
  }
}

const zero = new Uint8Array([0x30]);
