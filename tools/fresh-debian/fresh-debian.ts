import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { certificatesInRoot, machineSettings } from './machine-settings.ts';
import { freshDebianCache, type Release, rootFolder } from './root-folder.ts';

const checkout = join(import.meta.dirname, '..', '..');
const outputBytes = 4 * 1024 * 1024;

export interface RunOptions {
  /** "person" is an ordinary user without sudo who owns nothing but the home folder. Default: root. */
  readonly as?: 'root' | 'person';
  readonly environment?: Readonly<Record<string, string>>;
  /** After this time, everything that it started is killed, and the promise rejects. */
  readonly timeoutMs: number;
  /** No network except loopback. */
  readonly isOffline?: boolean;
  /** Receives output while it runs. Default: output is only in the result. */
  readonly onOutput?: (text: string) => void;
}

export interface RunResult {
  readonly exitCode: number;
  /** The last 4 MiB of standard output and error, interleaved. */
  readonly output: string;
}

/** A freshly installed machine: Debian's own Node, npm and git, and this checkout. */
export interface FreshDebian extends Disposable {
  /** Path of the checkout inside the root. It contains a space. */
  readonly checkout: string;
  /** Runs a shell script in the checkout; processes that it leaves are killed at its end. Files are kept until disposal. */
  run(script: string, options: RunOptions): Promise<RunResult>;
}

/** Why a fresh Debian cannot be created here; undefined if it can. */
export function whyNoFreshDebian(): string | undefined {
  if (process.getuid?.() !== 0) return 'needs root, to create a root file system of another Debian';
  for (const program of ['mmdebstrap', 'unshare', 'npm']) {
    if (spawnSync(program, ['--version'], { stdio: 'ignore' }).error) return `needs ${program}`;
  }
  const folder = mkdtempSync(join(tmpdir(), 'innkeeper-overlay-'));
  const layers = ['lower', 'upper', 'work', 'root'].map((name) => join(folder, name));
  for (const layer of layers) mkdirSync(layer);
  const [lower, upper, work, root] = layers;
  const options = `lowerdir=${lower},upperdir=${upper},workdir=${work}`;
  const { status } = spawnSync('unshare', ['--mount', 'mount', '-t', 'overlay', 'none', '-o', options, root ?? ''], {
    stdio: 'ignore',
  });
  rmSync(folder, { recursive: true });
  return status === 0 ? undefined : 'needs mount namespaces and overlayfs, which are not permitted here';
}

/** Path of the checkout in the root. */
const checkoutInRoot = '/src/a checkout';

/** Enters the root in separate mount and PID namespaces, so that nothing is left behind, with the host's devices. */
const enter = `set -eu
mount --make-rprivate /
mount -t overlay none -o "lowerdir=$LOWER,upperdir=$LAYERS/upper,workdir=$LAYERS/work" "$LAYERS/root"
cd "$LAYERS/root"
mount -t proc proc proc
mount --rbind /dev dev
mount --rbind /sys sys
mount -t tmpfs none run
mount --bind "$ARCHIVES" var/cache/apt/archives
mkdir -p root/.npm
mount --bind "$NPM" root/.npm
[ -z "$OFFLINE" ] || ip link set lo up
mkdir -p old-root
# A process in a chroot may not make user namespaces, which a VM's network needs; in a root of its own it may.
pivot_root . old-root
exec chroot . sh -c 'umount -l /old-root && rmdir /old-root && exec "$@"' sh "$@"`;

const person = ['setpriv', '--reuid=1000', '--regid=1000', '--clear-groups', '--inh-caps=-all'];

/**
 * Creates a fresh Debian with a copy of this checkout: tracked and new files, without node_modules, dist and .cache. What
 * root downloads with apt and npm is cached for the next one. Throws if whyNoFreshDebian returns a reason.
 */
export function openFreshDebian(release: Release): FreshDebian {
  const lower = rootFolder(release);
  const { environment, certificates } = machineSettings();
  removeLeftovers();
  const layers = mkdtempSync(join(freshDebianCache, `run-${process.pid}-`));
  for (const name of ['upper', 'work', 'root']) mkdirSync(join(layers, name));
  const archives = join(freshDebianCache, `${release}-archives`);
  mkdirSync(join(archives, 'partial'), { recursive: true });
  const npm = join(freshDebianCache, 'npm');
  mkdirSync(npm, { recursive: true });
  copyCheckout(join(layers, 'upper', checkoutInRoot));
  if (certificates !== undefined && existsSync(certificates)) {
    mkdirSync(dirname(join(layers, 'upper', certificatesInRoot)), { recursive: true });
    copyFileSync(certificates, join(layers, 'upper', certificatesInRoot));
  }
  mkdirSync(join(layers, 'upper', 'etc'), { recursive: true });
  for (const name of ['resolv.conf', 'hosts']) copyFileSync(join('/etc', name), join(layers, 'upper', 'etc', name));
  const settings = { LOWER: lower, LAYERS: layers, ARCHIVES: archives, NPM: npm };
  return {
    checkout: checkoutInRoot,
    run: (script, options) => run(script, options, settings, environment),
    [Symbol.dispose]: () => rmSync(layers, { recursive: true, force: true }),
  };
}

/** Removes what a killed process could not remove. */
function removeLeftovers(): void {
  for (const name of readdirSync(freshDebianCache)) {
    const pid = /^run-(\d+)-/.exec(name)?.[1];
    if (pid !== undefined && !existsSync(`/proc/${pid}`))
      rmSync(join(freshDebianCache, name), { recursive: true, force: true });
  }
}

function copyCheckout(target: string): void {
  mkdirSync(target, { recursive: true });
  const list = execFileSync(
    'git',
    ['-c', 'safe.directory=*', 'ls-files', '-z', '--cached', '--others', '--exclude-standard'],
    { cwd: checkout },
  );
  const files = list
    .toString()
    .split('\0')
    .filter((name) => name !== '' && existsSync(join(checkout, name)));
  const archive = execFileSync('tar', ['-c', '--null', '-T', '-'], {
    cwd: checkout,
    input: files.join('\0'),
    maxBuffer: 512 * 1024 * 1024,
  });
  execFileSync('tar', ['-x', '-C', target], { input: archive });
  execFileSync('git', ['init', '-q'], { cwd: target });
  execFileSync('git', ['add', '-A'], { cwd: target });
  // A clone has a commit, whose time the packages carry.
  const author = ['-c', 'user.name=innkeeper', '-c', 'user.email=innkeeper@localhost'];
  execFileSync('git', [...author, 'commit', '-q', '--no-verify', '-m', 'the checkout'], { cwd: target });
}

function run(
  script: string,
  options: RunOptions,
  settings: Readonly<Record<string, string>>,
  machine: Readonly<Record<string, string>>,
): Promise<RunResult> {
  const isRoot = options.as !== 'person';
  const inside = {
    PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
    HOME: isRoot ? '/root' : '/home/person',
    USER: isRoot ? 'root' : 'person',
    TERM: 'xterm',
    ...machine,
    ...options.environment,
  };
  const argv = [
    ...['--mount', '--pid', '--fork', '--kill-child', ...(options.isOffline ? ['--net'] : []), 'sh', '-c', enter, 'sh'],
    ...(isRoot ? [] : person),
    ...['env', '-i', ...Object.entries(inside).map(([name, value]) => `${name}=${value}`)],
    ...['sh', '-c', `cd '${checkoutInRoot}'\n${script}`],
  ];
  // However this process ends, its machine ends too.
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', 'unshare', ...argv], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: process.env['PATH'], ...settings, OFFLINE: options.isOffline ? 'yes' : '' },
  });
  return new Promise((resolve, reject) => {
    let output = '';
    const keep = (text: string): void => {
      output = (output + text).slice(-outputBytes);
      options.onOutput?.(text);
    };
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', keep);
    const timer = setTimeout(() => {
      child.kill('SIGKILL');
      reject(new Error(`not done after ${options.timeoutMs / 1000} s; the end of its output:\n${output.slice(-4000)}`));
    }, options.timeoutMs);
    child.on('error', reject);
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      resolve({ exitCode: code ?? (signal === null ? 1 : 128), output });
    });
  });
}
