import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findDebianSources } from '../../packages/images/src/debian-sources.ts';

const cache = join(import.meta.dirname, '../../.cache/package-tests');

/** The exit code of a program and its output on both streams. */
interface Ended {
  readonly status: number | null;
  readonly text: string;
}

/** A small Debian without systemd in which packages are installed. */
export interface TestRoot extends Disposable {
  readonly path: string;
  /** Runs a program in the root to its end, as root. */
  run(program: string, ...args: string[]): Ended;
  /** Like `run`, but throws unless it exits with 0. */
  succeed(program: string, ...args: string[]): string;
  /** Starts a shell command in the root, with /proc. */
  start(line: string): ChildProcess;
  /** Runs a shell script in the root in which OpenRC has booted; what it starts ends with it. Throws when it fails. */
  withOpenrc(script: string): string;
}

/** Why a test root cannot be created here; undefined if it can. */
export function whyNoTestRoot(): string | undefined {
  if (process.getuid?.() !== 0) return 'it needs root, for chroot and for the owners of files';
  for (const program of ['mmdebstrap', 'rpm', 'rpmbuild', 'dpkg-deb', 'unshare'])
    if (spawnSync(program, ['--version']).error !== undefined) return `${program} is not installed`;
  return undefined;
}

/** Unpacks a new root; its archive is created once from the mirrors of the host's apt. */
export async function makeTestRoot(): Promise<TestRoot> {
  const { suite, lines } = await findDebianSources();
  const archive = join(cache, `${suite}-openrc.tar`);
  mkdirSync(cache, { recursive: true });
  const include = '--include=passwd,libstdc++6,libatomic1,openrc';
  // Test files that run at the same time make it once.
  const line = '[ -e "$0" ] || { mmdebstrap --quiet --variant=essential "$@" && mv "$0.new.tar" "$0"; }';
  const script = ['sh', '-ec', line, archive, include, suite, `${archive}.new.tar`, ...lines];
  execFileSync('flock', [`${archive}.lock`, ...script], { stdio: ['ignore', 'ignore', 'inherit'] });
  const path = mkdtempSync(join(tmpdir(), 'innkeeper-root-'));
  execFileSync('tar', ['-xf', archive, '-C', path, '--numeric-owner']);
  const environment = {
    PATH: '/usr/sbin:/usr/bin:/sbin:/bin',
    HOME: '/nonexistent',
    DEBIAN_FRONTEND: 'noninteractive',
  };
  const run = (program: string, ...args: string[]): Ended => {
    const { status, stdout, stderr } = spawnSync('chroot', [path, program, ...args], {
      encoding: 'utf8',
      env: environment,
      timeout: 120_000,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    return { status, text: stdout + stderr };
  };
  // rc-status makes the folders of the states of services.
  const openrc = [
    'mount -t proc proc "$0/proc"; mount -t tmpfs tmpfs "$0/run"; mkdir "$0/run/openrc"',
    'echo default >"$0/run/openrc/softlevel"; exec chroot "$0" /bin/sh -ec "rc-status >/dev/null 2>&1; $1"',
  ].join('; ');
  return {
    path,
    run,
    withOpenrc: (script) => {
      const argv = ['--mount', '--pid', '--fork', 'sh', '-ec', openrc, path, script];
      const { status, stdout, stderr } = spawnSync('unshare', argv, {
        encoding: 'utf8',
        env: environment,
        timeout: 120_000,
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      if (status !== 0) throw new Error(`The script exited with ${status}: ${stdout}${stderr}`);
      return stdout;
    },
    succeed: (program, ...args) => {
      const { status, text } = run(program, ...args);
      if (status !== 0) throw new Error(`${program} ${args.join(' ')} exited with ${status}: ${text}`);
      return text;
    },
    start: (line) => {
      // In a separate mount namespace, which ends with it.
      const script = 'mount -t proc proc "$0/proc" && exec chroot "$0" /bin/sh -c "$1"';
      return spawn('unshare', ['--mount', 'sh', '-c', script, path, line], {
        env: environment,
        stdio: ['ignore', 'pipe', 'pipe'],
      });
    },
    [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }),
  };
}

/** The shell command that starts the service like its unit: user, environment, settings, command. */
export function serviceLine(unit: string): string {
  const value = (name: string): string => {
    const found = new RegExp(`^${name}=(.+)$`, 'm').exec(unit)?.[1];
    if (found === undefined) throw new Error(`The unit has no ${name}=.`);
    return found;
  };
  const settings = value('EnvironmentFile').replace(/^-/, '');
  const user = `--reuid=${value('User')} --regid=${value('Group')} --init-groups`;
  return [
    `set -ae; umask ${value('UMask')}; ${value('Environment')}; [ ! -e ${settings} ] || . ${settings}`,
    `exec setpriv ${user} ${value('ExecStart')}`,
  ].join('; ');
}

/** Reads a file of the root as text. */
export function readIn(root: TestRoot, path: string): string {
  return readFileSync(join(root.path, path), 'utf8');
}
