#!/usr/bin/env node
// The entry point, which runs on any Node from 18 and without installed packages: it sets up what a command needs, then
// starts the command with the Node that the lock file pins. For that reason it is plain JavaScript, like tools/setup.
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

/** Announces what arm64 machines do not support yet. */
function warnOfArm64(command) {
  if (process.arch !== 'arm64' || command !== 'start') return;
  say('On arm64, Innkeeper builds and serves its agent, control plane and web console; it does not run VMs yet.');
}

/** Starts the command; the child gets this terminal, and this process exits as the child does. */
function handOver(command, args) {
  const script = join(root, 'tools', 'commands', `${command.replace(':', '-')}.ts`);
  const child = spawn(pinnedNode, [script, ...args], { cwd: root, stdio: 'inherit', env: toolEnvironment() });
  // ^C is sent to the whole foreground group, so the child gets it; TERM is sent only to this process.
  process.on('SIGINT', () => undefined);
  process.on('SIGTERM', () => child.kill('SIGTERM'));
  child.on('error', (error) => refuse(`the pinned Node could not be started: ${error.message}`));
  child.on('exit', (code, signal) => process.exit(code ?? (signal === null ? 1 : 128)));
}

const [command, ...args] = process.argv.slice(2);
if (!commands.includes(command))
  refuse(`"${command ?? ''}" is not a command. The commands are ${commands.join(', ')}.`);
checkMachine();
warnOfArm64(command);
try {
  await withSetupLock(async () => {
    await installDebianPackages(command, args);
    await installNpmPackages();
  });
} catch (error) {
  // System errors (a full or read-only disk) explain themselves; anything else is a bug, shown with its stack.
  if (error.syscall === undefined) throw error;
  refuse(`setting up failed: ${error.message}`);
}
handOver(command, args);
