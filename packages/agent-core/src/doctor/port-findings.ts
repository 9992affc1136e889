import { otherQemuGa } from '../dialects/qga/other-qemu-ga.ts';
import { exists } from '../file/exists.ts';
import type { Host } from '../host.ts';
import { readTrimmed } from '../telemetry/read-trimmed.ts';
import type { Finding } from './finding.ts';

/** A virtio-serial port. */
export interface FoundPort {
  /** "org.innkeeper.agent.0" */
  readonly name: string;
  /** "/dev/vport1p1" */
  readonly path: string;
}

/** Ports that the agent serves, the best first. */
const ownPorts = ['org.innkeeper.agent.0', 'org.limiquantix.agent.0', 'org.quantix.agent.0'];
/** One that the agent leaves to another program, which is its usual owner. */
const sharedPort = 'org.qemu.guest_agent.0';
const maxProcesses = 4096;
const maxDescriptors = 1024;

/** Whether there is a port to the host, and whether the agent has it. */
export function portFindings(host: Host, ports: readonly FoundPort[], devicePath = 'auto'): Finding[] {
  if (devicePath !== 'auto') {
    if (!exists(host, devicePath))
      return [problem('port', `device_path is ${devicePath}, which does not exist`, 'correct or remove device_path')];
    const name = ports.find(({ path }) => path === devicePath)?.name ?? devicePath;
    return [holderFinding(host, { name, path: devicePath })];
  }
  const own = ownPorts.flatMap((name) => ports.filter((port) => port.name === name));
  if (own.length > 0) return [...own.map((port) => holderFinding(host, port)), ...sharedFindings(host, ports)];
  if (ports.length > 0) {
    const names = ports.map(({ name }) => name).join(', ');
    return [
      problem(
        'port',
        `the host gives this guest no port for the agent, only ${names}`,
        `add the channel ${ownPorts[0]} to the VM on the host`,
      ),
    ];
  }
  const isLoaded = exists(host, '/sys/bus/virtio/drivers/virtio_console') || exists(host, '/sys/class/virtio-ports');
  return [
    isLoaded
      ? problem(
          'port',
          'this machine has no virtio-serial port',
          `add the channel ${ownPorts[0]} to the VM on the host`,
        )
      : problem(
          'port',
          'this kernel has no driver for virtio-serial ports, or this is not a virtual machine',
          'run modprobe virtio_console, or install the kernel’s extra modules',
        ),
  ];
}

/** Who speaks QGA with the host, if there is somebody. */
function sharedFindings(host: Host, ports: readonly FoundPort[]): Finding[] {
  const shared = ports.find(({ name }) => name === sharedPort);
  if (shared === undefined) return [];
  const holder = holderOf(host, shared.path);
  if (holder === undefined) {
    const program = otherQemuGa(host);
    if (program === undefined) return [];
    // Not a problem: the host may have no use for QGA, and its service may start later.
    const detail = `no program has the port ${sharedPort} open: the agent leaves it to ${program}, which does not run`;
    return [{ check: 'port', state: 'ok', detail }];
  }
  const who = holder.isAgent ? 'the agent' : holder.name;
  const leaves = holder.isAgent ? '' : ', and the agent leaves it to it';
  return [
    { check: 'port', state: 'ok', detail: `${who}, process ${holder.pid}, has the port ${sharedPort} open${leaves}` },
  ];
}

function holderFinding(host: Host, { name, path }: FoundPort): Finding {
  if (!exists(host, path))
    return problem('port', `the port ${name} has no device ${path}`, 'mount devtmpfs at /dev, or start udev');
  const holder = holderOf(host, path);
  if (holder === undefined)
    return problem('port', `no program has the port ${name} open`, 'start the agent; the check "unit" says how');
  return holder.isAgent
    ? { check: 'port', state: 'ok', detail: `the agent, process ${holder.pid}, has the port ${name} open` }
    : problem(
        'port',
        `${holder.name}, process ${holder.pid}, has the port ${name} open, which only one program can have`,
        `stop ${holder.name}, or tell it to use another port`,
      );
}

/** The process that has a device open; undefined if none is seen. */
function holderOf(
  host: Host,
  path: string,
): { readonly pid: string; readonly name: string; readonly isAgent: boolean } | undefined {
  const device = path.slice(path.lastIndexOf('/') + 1);
  const real = linkOf(host, path) ?? path;
  const targets = new Set([
    path,
    real.startsWith('/') ? real : `/dev/${real.replace(/^(\.\.\/)*/, '')}`,
    `/dev/${device}`,
  ]);
  for (const pid of namesIn(host, '/proc', maxProcesses)) {
    if (!/^\d+$/.test(pid)) continue;
    const isHolder = namesIn(host, `/proc/${pid}/fd`, maxDescriptors).some((fd) =>
      targets.has(linkOf(host, `/proc/${pid}/fd/${fd}`) ?? ''),
    );
    if (!isHolder) continue;
    const name = readTrimmed(host, `/proc/${pid}/comm`) ?? 'a program';
    return { pid, name, isAgent: name === 'innkeeper-agent' };
  }
  return undefined;
}

function namesIn(host: Host, folder: string, limit: number): string[] {
  try {
    return host.files.readDirectory(folder, limit);
  } catch {
    // EACCES: of another user; ENOENT: it has ended.
    return [];
  }
}

function linkOf(host: Host, path: string): string | undefined {
  try {
    return host.files.readLink(path);
  } catch {
    // EINVAL: not a link; ENOENT: closed meanwhile.
    return undefined;
  }
}

function problem(check: string, detail: string, next: string): Finding {
  return { check, state: 'problem', detail, next };
}
