import type { ProcessSpec } from '@innkeeper/contract/agent';
import { OperationError } from '@innkeeper/contract/errors';
import { isCallerId, maxIdChars } from '@innkeeper/contract/limits';
import { openOptions } from '../file/open-options.ts';
import type { ChildProcess, Host, SpawnSpec } from '../host.ts';
import { isHostError } from '../host-error.ts';
import { resolveIdentity } from './accounts.ts';
import { buildEnvironment } from './environment.ts';
import { checkTerminalSize } from './feed-process.ts';
import { findProgram } from './find-program.ts';
import { ManagedProcess } from './managed-process.ts';
import { StdinFeed } from './stdin-feed.ts';

const defaultKillGraceMs = 5000;

/**
 * Starts a command by its spec.
 * @throws OperationError INVALID_ARGUMENT, USER_NOT_FOUND, GROUP_NOT_FOUND, COMMAND_NOT_FOUND, COMMAND_NOT_EXECUTABLE,
 *   WORKING_DIRECTORY_INVALID, SPAWN_FAILED
 */
export async function startProcess(host: Host, spec: ProcessSpec, onEnded: () => void): Promise<ManagedProcess> {
  const argv = argvOf(spec);
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
  });
  const directory = directoryOf(host, spec, identity.account?.home);
  const child = spawn(host, {
    program: findProgram(host, argv[0] ?? '', environment.get('PATH') ?? '', directory),
    argv,
    environment: [...environment].map(([name, value]) => `${name}=${value}`),
    directory,
    identity: isOther ? { uid: identity.uid, gid: identity.gid, groups: identity.groups } : undefined,
    stdio: spec.terminal === undefined ? 'pipes' : 'pty',
    stdin: spec.stdin,
    terminalSize: spec.terminal,
  });
  const feed = child.stdin === undefined ? undefined : new StdinFeed(child.stdin, spec.terminal !== undefined);
  return new ManagedProcess({
    host,
    id: spec.id,
    argv,
    child,
    stdin: feed,
    timeoutMs: spec.timeoutMs,
    killGraceMs: spec.killGraceMs === 0 ? defaultKillGraceMs : spec.killGraceMs,
    maxOutputBytes: Number(spec.maxOutputBytes),
    neverWaitForReader: spec.neverWaitForReader,
    onEnded,
  });
}

function argvOf({ id, argv, shellCommand, terminal }: ProcessSpec): readonly string[] {
  if (!isCallerId(id))
    throw new OperationError(
      'INVALID_ARGUMENT',
      `id must be 1 to ${maxIdChars} characters of A-Z, a-z, 0-9, "_" and "-".`,
    );
  if ((argv.length === 0) === (shellCommand === ''))
    throw new OperationError('INVALID_ARGUMENT', 'Set either argv or shell_command.');
  if (argv.length > 0 && argv[0] === '') throw new OperationError('INVALID_ARGUMENT', 'The program in argv is empty.');
  if (terminal !== undefined) checkTerminalSize(terminal);
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

/** The caller's directory, or the user's home if it exists, or "/". */
function directoryOf(host: Host, { workingDirectory }: ProcessSpec, home: string | undefined): string {
  if (workingDirectory !== '') {
    if (!workingDirectory.startsWith('/') || workingDirectory.includes('\0'))
      throw new OperationError('WORKING_DIRECTORY_INVALID', 'working_directory must be an absolute path.');
    return workingDirectory;
  }
  try {
    if (home !== undefined && host.files.stat(home, true).type === 'directory') return home;
  } catch {
    // ENOENT: service accounts often have a home that does not exist.
  }
  return '/';
}

function spawn(host: Host, spec: SpawnSpec): ChildProcess {
  try {
    const child = host.processes.spawn(spec);
    restoreOomScore(host, child.pid);
    return child;
  } catch (error) {
    if (!isHostError(error)) throw error;
    throw spawnError(host, spec, error.errno, error.call, error.message);
  }
}

function spawnError(host: Host, spec: SpawnSpec, errno: string, call: string, message: string): OperationError {
  if (call === 'chdir')
    return new OperationError('WORKING_DIRECTORY_INVALID', `Cannot change to ${spec.directory}: ${errno}.`);
  if (call !== 'execve') return new OperationError('SPAWN_FAILED', message);
  if (errno === 'ENOENT' || errno === 'ENOTDIR')
    return exists(host, spec.program)
      ? new OperationError('COMMAND_NOT_EXECUTABLE', `The interpreter or loader of ${spec.program} does not exist.`)
      : new OperationError('COMMAND_NOT_FOUND', `${spec.program} does not exist.`);
  if (errno === 'EACCES' || errno === 'ENOEXEC' || errno === 'EPERM')
    return new OperationError('COMMAND_NOT_EXECUTABLE', `${spec.program} cannot be executed: ${errno}.`);
  return new OperationError('SPAWN_FAILED', message);
}

function exists(host: Host, program: string): boolean {
  try {
    return program.startsWith('/') && host.files.stat(program, true).type === 'regular';
  } catch {
    // ENOENT: does not exist.
    return false;
  }
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
