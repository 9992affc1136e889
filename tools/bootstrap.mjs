#!/usr/bin/env node
// The one file that runs on whatever Node the machine has (18 or later) and without any package installed: it sets up
// what a command needs, then hands over to the Node that the lock file pins. Plain JavaScript for that reason, as is
// all of tools/setup.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { installDebianPackages } from './setup/debian-packages.mjs';
import { commands } from './setup/needs.mjs';
import { installNpmPackages } from './setup/npm-packages.mjs';
import { pinnedNode, root, toolEnvironment } from './setup/paths.mjs';
import { refuse, say } from './setup/refuse.mjs';
import { withSetupLock } from './setup/setup-lock.mjs';

function checkMachine() {
  if (Number(process.versions.node.split('.')[0]) < 18)
    refuse(`Node 18 or later is needed to set up; this is ${process.versions.node}.`);
  if (process.platform !== 'linux') refuse(`Innkeeper runs on Linux; this is ${process.platform}.`);
  if (!['x64', 'arm64'].includes(process.arch)) refuse(`Innkeeper runs on x64 and arm64; this is ${process.arch}.`);
  if (!existsSync(join(root, 'package-lock.json'))) refuse(`package-lock.json is missing in ${root}.`);
}

/** What an arm64 machine cannot do yet; said, so that nobody waits for it. */
function warnOfArm64(command) {
  if (process.arch !== 'arm64' || command !== 'start') return;
  say('On arm64 Innkeeper builds and serves its agent, its control plane and its web console; it runs no VMs yet.');
}

/** Hands over; the child has this terminal, and its end is ours. */
function handOver(command, args) {
  const script = join(root, 'tools', 'commands', `${command.replace(':', '-')}.ts`);
  const child = spawn(pinnedNode, [script, ...args], { cwd: root, stdio: 'inherit', env: toolEnvironment() });
  // ^C goes to the whole foreground group, so the child has it already; TERM comes to us alone.
  process.on('SIGINT', () => undefined);
  process.on('SIGTERM', () => child.kill('SIGTERM'));
  child.on('error', (error) => refuse(`the pinned Node could not be started: ${error.message}`));
  child.on('exit', (code, signal) => process.exit(code ?? (signal === null ? 1 : 128)));
}

const [command, ...args] = process.argv.slice(2);
if (!commands.includes(command)) refuse(`"${command ?? ''}" is not a command; there are ${commands.join(', ')}.`);
checkMachine();
warnOfArm64(command);
try {
  await withSetupLock(async () => {
    await installDebianPackages(command, args);
    await installNpmPackages();
  });
} catch (error) {
  // What the system refuses (a full disk, a read-only one) says so itself; anything else is a fault to be seen whole.
  if (error.syscall === undefined) throw error;
  refuse(`setting up failed: ${error.message}`);
}
handOver(command, args);
