import { pause } from '@innkeeper/kit';
import { exists } from '../file/exists.ts';
import type { Host } from '../host.ts';
import { readTrimmed } from '../telemetry/read-trimmed.ts';

const jobMs = 15_000;
/** How long a restarted service may take, and how often it is looked at. */
const settleMs = 12_000;
const lookEveryMs = 250;
/** chronyd needs this long for the two measurements of a burst. */
const burstMs = 4_000;
const maxProcesses = 32_768;
const nsPerMs = 1_000_000n;
const movedNs = 50n * nsPerMs;
const stampPath = '/run/systemd/timesync/synchronized';

/** What came of asking the guest's time service. */
export interface Asked {
  /** Empty: the guest has none. */
  readonly service: string;
  readonly synchronized: boolean;
  /** Why it could not be asked. */
  readonly detail: string;
}

/** Services by the name of their process, of which the kernel keeps 15 characters. */
const services: Readonly<Record<string, { readonly name: string; readonly ask: (guest: Guest) => Promise<boolean> }>> =
  {
    chronyd: { name: 'chrony', ask: askChrony },
    'systemd-timesyn': { name: 'systemd-timesyncd', ask: restartTimesyncd },
    ntpd: { name: 'ntpd', ask: restartNtpd },
  };

interface Guest {
  readonly host: Host;
  /** Of the service; empty for ntpdate. */
  readonly pid: string;
}

/** Has the time service that runs in the guest set the clock, and waits for it at most about 20 s. Never rejects. */
export async function askTimeService(host: Host): Promise<Asked> {
  const { name, ask, pid } = findService(host) ?? { name: '', ask: runNtpdate, pid: '' };
  const service = name === '' && ntpdateArguments(host) !== undefined ? 'ntpdate' : name;
  if (service === '') return { service, synchronized: false, detail: '' };
  try {
    return { service, synchronized: await ask({ host, pid }), detail: '' };
  } catch (error) {
    return { service, synchronized: false, detail: error instanceof Error ? error.message : String(error) };
  }
}

function findService(host: Host) {
  for (const pid of host.files.readDirectory('/proc', maxProcesses)) {
    if (!/^\d/.test(pid)) continue;
    const service = services[readTrimmed(host, `/proc/${pid}/comm`) ?? ''];
    if (service !== undefined) return { ...service, pid };
  }
  return undefined;
}

async function askChrony({ host }: Guest): Promise<boolean> {
  const chronyc = '/usr/bin/chronyc';
  // Without a new measurement makestep corrects nothing; without a source that answers, both change nothing.
  await run(host, [chronyc, 'burst', '2/2']);
  await pause(host.clock, burstMs, undefined);
  await run(host, [chronyc, 'makestep']);
  const { exitCode } = await host.jobs.run([chronyc, 'waitsync', '10', '0.1', '0', '0.5'], { timeoutMs: jobMs });
  return exitCode === 0;
}

async function restartTimesyncd(guest: Guest): Promise<boolean> {
  const stamp = (): bigint | undefined => {
    try {
      return guest.host.files.stat(stampPath, true).modifiedNs;
    } catch {
      // ENOENT: it has never been synchronized since boot.
      return undefined;
    }
  };
  const before = stamp();
  await restart(guest);
  return await settled(guest, () => stamp() !== before);
}

/** It steps the clock when it starts, after its first measurements. */
async function restartNtpd(guest: Guest): Promise<boolean> {
  const { clock } = guest.host;
  const difference = (): bigint => clock.wallTimeNs() - clock.monotonicNs();
  const before = difference();
  await restart(guest);
  return await settled(guest, () => {
    const moved = difference() - before;
    return moved > movedNs || moved < -movedNs;
  });
}

async function runNtpdate({ host }: Guest): Promise<boolean> {
  await run(host, ntpdateArguments(host) ?? []);
  return true;
}

/** ntpdate with the servers of its own configuration: Debian's wrapper knows them, others list them in a file. */
function ntpdateArguments(host: Host): readonly string[] | undefined {
  const debian = '/usr/sbin/ntpdate-debian';
  if (exists(host, debian)) return [debian, '-b'];
  const plain = '/usr/sbin/ntpdate';
  const servers = (readTrimmed(host, '/etc/ntp/step-tickers') ?? '')
    .replace(/#.*/g, '')
    .split(/\s+/)
    .filter((word) => /^\w[\w.:-]*$/.test(word));
  return servers.length > 0 && exists(host, plain) ? [plain, '-b', ...servers.slice(0, 4)] : undefined;
}

/** Restarts the service of a process: the systemd unit that it belongs to, else its init script. */
async function restart({ host, pid }: Guest): Promise<void> {
  const unit = /([\w][\w@.-]*\.service)$/m.exec(readTrimmed(host, `/proc/${pid}/cgroup`) ?? '')?.[1];
  const script = ['ntpsec', 'ntp', 'ntpd', 'openntpd']
    .map((name) => `/etc/init.d/${name}`)
    .find((path) => exists(host, path));
  if (unit !== undefined) await run(host, ['/bin/systemctl', 'restart', unit]);
  else if (script !== undefined) await run(host, [script, 'restart']);
  else throw new Error('it has neither a unit nor an init script');
}

async function run(host: Host, argv: readonly string[]): Promise<void> {
  const { exitCode, stderr, stdout } = await host.jobs.run(argv, { timeoutMs: jobMs });
  if (exitCode !== 0) throw new Error(`${argv.join(' ')}: ${(stderr || stdout).trim().slice(0, 200)}`);
}

async function settled({ host: { clock } }: Guest, isDone: () => boolean): Promise<boolean> {
  const untilMs = clock.monotonicMs() + settleMs;
  while (!isDone()) {
    if (clock.monotonicMs() > untilMs) return false;
    await pause(clock, lookEveryMs, undefined);
  }
  return true;
}
