#!/usr/bin/env node
// The one file that runs on whatever Node the machine has (18 or later) and without any package installed: it sets up
// what a command needs, then hands over to the Node that the lock file pins. Plain JavaScript for that reason.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { commands, debianPackages } from './setup/needs.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const binaries = join(root, 'node_modules', '.bin');
/** Of the pinned Node. By its own path: old versions of npm remove the link to it in .bin. */
const nodeFolder = join(root, 'node_modules', `node-linux-${process.arch}`, 'bin');
const pinnedNode = join(nodeFolder, 'node');

/** Ends with a sentence instead of a stack. */
function refuse(sentence) {
  process.stderr.write(`innkeeper: ${sentence}\n`);
  process.exit(1);
}

function say(line) {
  process.stderr.write(`${line}\n`);
}

/** Runs a program with our output; its failure ends us with a sentence that names it. */
function run(program, args, environment = process.env) {
  const { status, error } = spawnSync(program, args, { cwd: root, stdio: ['ignore', 2, 2], env: environment });
  if (error) refuse(`${program} could not be started: ${error.message}`);
  if (status !== 0) refuse(`"${program} ${args.join(' ')}" failed with exit code ${status}. Its output is above.`);
}

/** What an arm64 machine cannot do yet; said, so that nobody waits for it. */
function warnOfArm64(command) {
  if (process.arch !== 'arm64' || command !== 'start') return;
  say('On arm64 Innkeeper builds and serves its agent, its control plane and its web console; it runs no VMs yet.');
}

function checkMachine() {
  if (Number(process.versions.node.split('.')[0]) < 18)
    refuse(`Node 18 or later is needed to set up, this is ${process.versions.node}.`);
  if (process.platform !== 'linux') refuse(`Innkeeper runs on Linux, this is ${process.platform}.`);
  if (!['x64', 'arm64'].includes(process.arch)) refuse(`Innkeeper runs on x64 and arm64, this is ${process.arch}.`);
}

/** Of the packages a command needs, those that dpkg does not have. */
function missingPackages(command, args) {
  const wanted = debianPackages(command, process.arch, args);
  if (!existsSync('/usr/bin/dpkg-query')) return { unknown: true, missing: wanted };
  const names = wanted.map((entry) => entry.name);
  // biome-ignore lint/suspicious/noTemplateCurlyInString: dpkg-query's own format language.
  const { stdout } = spawnSync('dpkg-query', ['-W', '-f', '${Package} ${db:Status-Status}\n', ...names], {
    encoding: 'utf8',
  });
  const installed = new Set(
    (stdout ?? '')
      .split('\n')
      .filter((line) => line.endsWith(' installed'))
      .map((line) => line.split(' ')[0]),
  );
  return { unknown: false, missing: wanted.filter((entry) => !installed.has(entry.name)) };
}

function installPackages(command, args) {
  const { unknown, missing } = missingPackages(command, args);
  if (missing.length === 0) return;
  say(`npm ${command} needs ${missing.length} Debian packages that are not installed:`);
  for (const { name, why } of missing) say(`  ${name.padEnd(24)} ${why}`);
  const names = missing.map((entry) => entry.name);
  if (unknown) {
    say('This is no Debian or Ubuntu, so they cannot be installed from here. Going on with what there is.');
    return;
  }
  const root = process.getuid?.() === 0;
  const sudo = root ? [] : ['sudo'];
  if (!root && spawnSync('sudo', ['-V']).error)
    refuse(`Run this as root first: apt-get install --no-install-recommends ${names.join(' ')}`);
  const environment = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const [program, ...first] = [...sudo, 'apt-get'];
  say(`Installing them${root ? '' : ' with sudo'} …`);
  run(program, [...first, 'update', '-qq'], environment);
  run(program, [...first, 'install', '-y', '-qq', '--no-install-recommends', ...names], environment);
}

/** npm packages, exactly as locked; again only when the lock file changed. */
function installNpmPackages() {
  const hash = createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .digest('hex');
  const stamp = join(root, 'node_modules', '.innkeeper-lock');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === hash && existsSync(pinnedNode)) return;
  say('Installing npm packages, and with them the Node that Innkeeper runs on …');
  // No install scripts: every package we take carries its binaries.
  run('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error']);
  if (!existsSync(pinnedNode))
    refuse(
      'npm did not install Node: the optional packages node-linux-* are missing. Run "npm ci --include=optional".',
    );
  writeFileSync(stamp, hash);
}

/** Hands over; the child gets our terminal, and its end is ours. */
function handOver(command, args) {
  const script = join(root, 'tools', 'commands', `${command.replace(':', '-')}.ts`);
  const environment = { ...process.env, PATH: `${nodeFolder}:${binaries}:${process.env.PATH}` };
  // ^C goes to the whole foreground group: the child decides what it means.
  process.on('SIGINT', () => undefined);
  process.on('SIGTERM', () => undefined);
  const result = spawnSync(pinnedNode, [script, ...args], { stdio: 'inherit', env: environment });
  process.exit(result.status ?? 1);
}

const [command, ...args] = process.argv.slice(2);
if (!commands.includes(command)) refuse(`"${command ?? ''}" is no command; there are ${commands.join(', ')}.`);
checkMachine();
warnOfArm64(command);
installPackages(command, args);
installNpmPackages();
handOver(command, args);
