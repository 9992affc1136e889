import { mib } from '@innkeeper/kit';
import { type Accelerator, agentPorts } from '../driver.ts';
import type { Disk, Nic, VmSpec } from '../vm-spec.ts';
import type { RunFiles } from './run-files.ts';
import { guestHostAddress, guestHostPort } from './user-network.ts';

export interface CommandLineOptions {
  readonly accelerator: Accelerator;
  /** Whether this build of QEMU has the seccomp sandbox. */
  readonly sandbox: boolean;
  /** Whether the guest has no access to the outside: for a QEMU without its own network namespace. */
  readonly isRestricted: boolean;
  readonly files: RunFiles;
}

/** The id of a port's device; events name it. */
export function portDeviceId(index: number): string {
  return `port${index}`;
}

/** The id of its socket. */
export function portSocketId(index: number): string {
  return `port${index}-socket`;
}

/**
 * QEMU's arguments for a VM, without the program. Pure; tests/drivers/golden has its output.
 *
 * The guest's CPUs are stopped (-S) until the driver has attached to the control socket and the console, so that the
 * start of the boot is not missed. A reboot of the guest stays in the same process.
 */
export function qemuCommandLine(spec: VmSpec, options: CommandLineOptions): string[] {
  const { files, accelerator } = options;
  return [
    ...['-no-user-config', '-nodefaults', '-display', 'none', '-S'],
    ...['-name', `guest=${escapeValue(spec.name)}`],
    ...['-uuid', spec.id],
    ...['-pidfile', files.pidFile],
    ...(options.sandbox ? ['-sandbox', 'on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny'] : []),
    ...['-machine', 'q35'],
    ...['-accel', accelerator === 'kvm' ? 'kvm' : 'tcg,thread=multi'],
    ...['-cpu', accelerator === 'kvm' ? 'host' : 'max'],
    ...['-smp', `${spec.cpus}`],
    ...['-m', memorySize(spec.memoryBytes)],
    ...serverSocket('control', files.controlSocket),
    ...['-mon', 'chardev=control,mode=control'],
    ...serverSocket('console', files.consoleSocket),
    ...['-serial', 'chardev:console'],
    ...['-device', 'virtio-serial-pci,id=ports'],
    ...agentPorts.flatMap((name, index) => agentPort(name, index, files)),
    ...spec.disks.flatMap(disk),
    ...network(userNic(spec), options),
    ...['-object', 'rng-builtin,id=random', '-device', 'virtio-rng-pci,rng=random'],
    // A kernel that panics says so; whether it then reboots is its own setting.
    ...['-device', 'pvpanic-pci', '-action', 'panic=none'],
    ...kernel(spec.kernel),
  ];
}

/** In QEMU's option lists a comma is escaped by doubling it. */
function escapeValue(text: string): string {
  return text.replaceAll(',', ',,');
}

function memorySize(bytes: number): string {
  return bytes % mib === 0 ? `${bytes / mib}M` : `${Math.ceil(bytes / 1024)}K`;
}

function serverSocket(id: string, path: string): string[] {
  return ['-chardev', `socket,id=${id},path=${escapeValue(path)},server=on,wait=off`];
}

function agentPort(name: string, index: number, files: RunFiles): string[] {
  const id = portDeviceId(index);
  const socketId = portSocketId(index);
  // Port 0 of the bus is reserved for the console.
  const device = `virtserialport,bus=ports.0,nr=${index + 1},chardev=${socketId},name=${name},id=${id}`;
  return [...serverSocket(socketId, files.portSocket(name)), '-device', device];
}

function disk({ format, path }: Disk, index: number): string[] {
  const name = index === 0 ? 'disk' : `disk${index}`;
  // JSON, since file names may contain any character.
  const node = {
    driver: format,
    'node-name': name,
    discard: 'unmap',
    file: { driver: 'file', filename: path, discard: 'unmap' },
  };
  const boot = index === 0 ? ',bootindex=1' : '';
  return ['-blockdev', JSON.stringify(node), '-device', `virtio-blk-pci,drive=${name}${boot}`];
}

/** The only network card of a VM; the driver's features exclude other kinds and a second one. */
export function userNic({ nics }: VmSpec): Extract<Nic, { kind: 'user' }> | undefined {
  return nics.find((nic) => nic.kind === 'user');
}

function network(nic: ReturnType<typeof userNic>, { isRestricted, files }: CommandLineOptions): string[] {
  if (nic === undefined) return [];
  const netdev = isRestricted ? restrictedNetwork(files) : ['-netdev', 'user,id=network'];
  // Without the option ROM, which only network boot needs, the firmware starts faster.
  return [...netdev, '-device', `virtio-net-pci,netdev=network,mac=${nic.macAddress},romfile=`];
}

/**
 * The guest reaches the daemon's port for guests at the same address as with pasta, and nothing else. QEMU forwards to no
 * address of its host, so its host moves to another one.
 */
function restrictedNetwork(files: RunFiles): string[] {
  const id = 'guest-port';
  const forward = `guestfwd=tcp:${guestHostAddress}:${guestHostPort}-chardev:${id}`;
  return [
    ...serverSocket(id, files.guestPortSocket),
    ...['-netdev', `user,id=network,restrict=on,host=10.0.2.1,${forward}`],
  ];
}

function kernel(spec: VmSpec['kernel']): string[] {
  if (spec === undefined) return [];
  const initrd = spec.initrdPath === undefined ? [] : ['-initrd', spec.initrdPath];
  return ['-kernel', spec.path, ...initrd, '-append', spec.commandLine];
}
