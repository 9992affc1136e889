// Installs the npm packages exactly as locked, and checks that all of them are installed.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  accessSync,
  constants,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statfsSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { homedir, userInfo } from 'node:os';
import { basename, join } from 'node:path';
import { nodeModules, pinnedNode, root, setupFolder } from './paths.mjs';
import { platformPackages } from './platform-packages.mjs';
import { refuse, say } from './refuse.mjs';
import { mustRunLogged } from './run-logged.mjs';

/** Less free space than this counts as a full disk. */
const fullBytes = 4 * 1024 * 1024;
const lockFile = join(root, 'package-lock.json');
/** Contains the hash of the lock file of node_modules; written last, so that a partial installation has none. */
const stamp = join(nodeModules, '.innkeeper-lock');

/** Installs only when the lock file changed or something is missing. */
export async function installNpmPackages() {
  const lock = readFileSync(lockFile);
  const hash = createHash('sha256').update(lock).digest('hex');
  const missing = () => missingPackages(JSON.parse(lock.toString()));
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === hash && missing().length === 0) return;
  checkWritable();
  rmSync(stamp, { force: true });
  const name = 'Installing npm packages and the Node that runs them';
  const command = [...npm(), ...npmArguments];
  const options = { environment: npmEnvironment(), isKillable: true };
  const { seconds } = await mustRunLogged(name, 'npm', command, options);
  let left = missing();
  // npm silently leaves out an optional package when its download fails.
  if (left.length > 0)
    await mustRunLogged(`Installing again: npm left out ${left.length} packages`, 'npm', command, options);
  left = missing();
  // On a full disk npm may leave truncated files and exit with 0.
  if (isDiskFull()) refuse(`the disk with ${root} is full. npm packages need about 600 MiB there.`);
  if (left.length > 0)
    refuse(
      `npm left out ${left.join(', ')}, which this machine needs. Find the reason with: npm ci --ignore-scripts --include=optional --loglevel=verbose`,
    );
  checkPinnedNode();
  writeFileSync(stamp, hash);
  say(`✓ npm packages installed (${seconds} s)`);
}

// No install scripts: every package contains its binaries. Includes what a configuration or NODE_ENV would leave out.
const npmArguments = [
  ...['ci', '--ignore-scripts', '--include=dev', '--include=optional', '--include=peer'],
  ...['--no-audit', '--no-fund', '--loglevel=error'],
];

function missingPackages(lock) {
  const { header } = process.report.getReport();
  const libc = header.glibcVersionRuntime === undefined ? 'musl' : 'glibc';
  const wanted = platformPackages(lock, { os: process.platform, cpu: process.arch, libc });
  const paths = [...wanted, `node_modules/node-linux-${process.arch}`];
  return [...new Set(paths)]
    .filter((path) => !existsSync(join(root, path, 'package.json')))
    .map((path) => path.replace(/^.*node_modules\//, ''));
}

/** The npm that started this process, whatever is in PATH; otherwise the one in PATH. */
function npm() {
  const path = process.env.npm_execpath;
  return path !== undefined && basename(path) === 'npm-cli.js' && existsSync(path) ? [process.execPath, path] : ['npm'];
}

/** npm's cache is in the home folder; if that is not writable, in this checkout. */
function npmEnvironment() {
  const configured = process.env.npm_config_cache;
  const cache = configured || join(homedir(), '.npm');
  if (canWrite(cache)) return process.env;
  return {
    ...process.env,
    npm_config_cache: join(setupFolder, 'npm'),
    npm_config_logs_dir: join(setupFolder, 'npm-logs'),
  };
}

/** Whether a folder can be written or created. */
function canWrite(folder) {
  try {
    mkdirSync(folder, { recursive: true });
    accessSync(folder, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

function checkWritable() {
  try {
    accessSync(root, constants.W_OK);
    if (existsSync(nodeModules)) accessSync(nodeModules, constants.W_OK);
  } catch {
    refuse(
      `${userName(process.getuid())} cannot write in ${root}, which belongs to ${userName(statSync(root).uid)}. Run this as that user, or in your own clone.`,
    );
  }
}

function userName(uid) {
  try {
    if (uid === process.getuid()) return userInfo().username;
  } catch {
    // A user without an entry in passwd.
  }
  return uid === 0 ? 'root' : `user ${uid}`;
}

function isDiskFull() {
  const { bavail, bsize } = statfsSync(root);
  return bavail * bsize < fullBytes;
}

function checkPinnedNode() {
  const { status, signal, error, stderr } = spawnSync(pinnedNode, ['--version'], { encoding: 'utf8' });
  if (status !== 0)
    refuse(
      `the Node that npm installed does not run on this machine (${(error?.message ?? `${stderr}${signal ?? ''}`).trim()}).`,
    );
}
