// Installs the Debian packages of a command, as root or through sudo, and otherwise says who has to install what.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { debianPackages } from './needs.mjs';
import { refuse, say } from './refuse.mjs';
import { mustRunLogged, runLogged } from './run-logged.mjs';

/** Unattended upgrades hold apt's lock for a while on a fresh machine. */
const lockTimeoutSeconds = 300;

/** Of the packages a command needs, those that dpkg does not have; undefined where there is no dpkg. */
function missingPackages(wanted) {
  if (!existsSync('/usr/bin/dpkg-query')) return undefined;
  const names = wanted.map((entry) => entry.name);
  // biome-ignore lint/suspicious/noTemplateCurlyInString: dpkg-query's own format language.
  const format = '${Package} ${db:Status-Status}\n';
  const { stdout } = spawnSync('dpkg-query', ['-W', '-f', format, ...names], { encoding: 'utf8' });
  const installed = new Set(
    (stdout ?? '')
      .split('\n')
      .filter((line) => line.endsWith(' installed'))
      .map((line) => line.split(' ')[0]),
  );
  return wanted.filter((entry) => !installed.has(entry.name));
}

/** Installs what is missing. Ends the process when it cannot. */
export async function installDebianPackages(command, args) {
  const wanted = debianPackages(command, process.arch, args);
  const missing = missingPackages(wanted);
  if (missing === undefined) {
    if (wanted.length > 0)
      say(
        `This is not Debian or Ubuntu, so nothing is installed here. npm ${command} needs what these Debian packages have: ${namesOf(wanted)}.`,
      );
    return;
  }
  if (missing.length === 0) return;
  const count = missing.length === 1 ? 'a Debian package that is' : `${missing.length} Debian packages that are`;
  say(`npm ${command} needs ${count} not installed:`);
  for (const { name, why } of missing) say(`  ${name.padEnd(24)} ${why}`);
  const sudo = elevation(missing);
  const apt = [...sudo, 'env', 'DEBIAN_FRONTEND=noninteractive', 'LC_ALL=C.UTF-8', 'apt-get', '-y'];
  // What an interrupted dpkg left half done would stop apt. With nothing half done this does nothing.
  await runLogged('Checking dpkg', 'apt', [...sudo, 'dpkg', '--configure', '-a']);
  // One source of packages may be out of reach and not matter: what matters is whether the packages can be installed.
  await runLogged('Reading the lists of packages', 'apt', [...apt, 'update']);
  const options = ['-o', `DPkg::Lock::Timeout=${lockTimeoutSeconds}`, '--no-install-recommends'];
  const install = [...apt, 'install', ...options, ...missing.map((entry) => entry.name)];
  const { seconds, logPath } = await mustRunLogged(`Installing ${packagesOf(missing)}`, 'apt', install);
  say(`✓ ${packagesOf(missing)} installed (${seconds} s${logPath === undefined ? '' : `, log in ${logPath}`})`);
}

/** What goes before a command that root has to run. Ends the process when this user cannot become root. */
function elevation(missing) {
  if (process.getuid() === 0) return [];
  const toDo = `run this as root, then the same command again: apt-get update && apt-get install --no-install-recommends ${namesOf(missing)}`;
  if (spawnSync('sudo', ['-V'], { stdio: 'ignore' }).error) refuse(`you are not root and there is no sudo; ${toDo}`);
  // Asks for the password here, since later there is no terminal to ask on.
  const isTerminal = process.stdin.isTTY && process.stderr.isTTY;
  if (isTerminal) say('Installing them with sudo, which may ask for your password.');
  const { status } = spawnSync('sudo', isTerminal ? ['-v'] : ['-n', 'true'], { stdio: 'inherit' });
  if (status !== 0) refuse(`sudo refused; ${toDo}`);
  return ['sudo'];
}

function packagesOf(missing) {
  return missing.length === 1 ? `the Debian package ${missing[0].name}` : `${missing.length} Debian packages`;
}

function namesOf(entries) {
  return entries.map((entry) => entry.name).join(' ');
}
