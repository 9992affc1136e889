// Installs the Debian packages that a command needs, as root or through sudo; otherwise prints what to install.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { debianPackages } from './needs.mjs';
import { refuse, say } from './refuse.mjs';
import { mustRunLogged, runLogged } from './run-logged.mjs';

/** How long to wait for apt's lock, which unattended upgrades hold for a while on a fresh machine. */
const lockTimeoutSeconds = 300;

/** The required packages that are not installed; undefined without dpkg. */
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

/** Installs missing packages. Exits the process on failure. */
export async function installDebianPackages(command, args) {
  const wanted = debianPackages(command, process.arch, args);
  const missing = missingPackages(wanted);
  if (missing === undefined) {
    if (wanted.length > 0)
      say(
        `This is not Debian or Ubuntu, so nothing is installed automatically. npm ${command} needs the programs of these Debian packages: ${namesOf(wanted)}.`,
      );
    return;
  }
  if (missing.length === 0) return;
  const count = missing.length === 1 ? 'a Debian package that is' : `${missing.length} Debian packages that are`;
  say(`npm ${command} needs ${count} not installed:`);
  for (const { name, why } of missing) say(`  ${name.padEnd(24)} ${why}`);
  const sudo = elevation(missing);
  const apt = [...sudo, 'env', 'DEBIAN_FRONTEND=noninteractive', 'LC_ALL=C.UTF-8', 'apt-get', '-y'];
  // An interrupted dpkg run would make apt fail. Does nothing otherwise.
  await runLogged('Checking dpkg', 'apt', [...sudo, 'dpkg', '--configure', '-a']);
  // A failure is ignored: an unreachable source may not matter, and the installation shows whether it does.
  await runLogged('Updating the package lists', 'apt', [...apt, 'update']);
  const options = ['-o', `DPkg::Lock::Timeout=${lockTimeoutSeconds}`, '--no-install-recommends'];
  const install = [...apt, 'install', ...options, ...missing.map((entry) => entry.name)];
  const { seconds, logPath } = await mustRunLogged(`Installing ${packagesOf(missing)}`, 'apt', install);
  say(`✓ ${packagesOf(missing)} installed (${seconds} s${logPath === undefined ? '' : `, log in ${logPath}`})`);
}

/** The prefix of a command that must run as root. Exits the process when this user cannot become root. */
function elevation(missing) {
  if (process.getuid() === 0) return [];
  const toDo = `run this as root, then the same command again: apt-get update && apt-get install --no-install-recommends ${namesOf(missing)}`;
  if (spawnSync('sudo', ['-V'], { stdio: 'ignore' }).error) refuse(`you are not root and there is no sudo; ${toDo}`);
  // Asks for the password here, since later commands have no terminal.
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
