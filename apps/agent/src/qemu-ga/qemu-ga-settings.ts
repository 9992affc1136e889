/** Everything that qemu-ga can be told, by its flags or its configuration file. */
export interface QemuGaSettings {
  daemon: boolean;
  method: string;
  /** Default: that of the method. */
  path: string | undefined;
  logfile: string | undefined;
  pidfile: string;
  fsfreezeHook: string | undefined;
  statedir: string;
  verbose: boolean;
  retryPath: boolean;
  readonly blockRpcs: string[];
  readonly allowRpcs: string[];
  /** Not in qemu-ga: what guest-info says. */
  version: string | undefined;
  /** Not in qemu-ga: seconds until a freeze ends by itself; 0: never. */
  freezeLeaseSeconds: number | undefined;
}

export const defaultHook = '/etc/qemu/fsfreeze-hook';
export const defaultConfigPath = '/etc/qemu/qemu-ga.conf';
/** Devices and addresses of methods that have a default. */
export const defaultPaths: Readonly<Record<string, string>> = {
  'virtio-serial': '/dev/virtio-ports/org.qemu.guest_agent.0',
  'isa-serial': '/dev/ttyS0',
};

/** What qemu-ga does without flags and file. */
export function defaultSettings(): QemuGaSettings {
  return {
    daemon: false,
    method: 'virtio-serial',
    path: undefined,
    logfile: undefined,
    pidfile: '/var/run/qemu-ga.pid',
    fsfreezeHook: undefined,
    statedir: '/var/run',
    verbose: false,
    retryPath: false,
    blockRpcs: [],
    allowRpcs: [],
    version: undefined,
    freezeLeaseSeconds: undefined,
  };
}

/** In the form of the configuration file, in the order of qemu-ga. */
export function dumpSettings(settings: QemuGaSettings): string {
  const { daemon, method, logfile, pidfile, fsfreezeHook, statedir, verbose, retryPath } = settings;
  const path = settings.path ?? defaultPaths[method];
  const lines = ['[general]', `daemon=${daemon}`, `method=${method}`];
  if (path !== undefined) lines.push(`path=${path}`);
  if (logfile !== undefined) lines.push(`logfile=${logfile}`);
  lines.push(`pidfile=${pidfile}`);
  if (fsfreezeHook !== undefined) lines.push(`fsfreeze-hook=${fsfreezeHook}`);
  lines.push(`statedir=${statedir}`, `verbose=${verbose}`, `retry-path=${retryPath}`);
  const list = (names: readonly string[]): string => names.map((name) => `${name};`).join('');
  return [...lines, `block-rpcs=${list(settings.blockRpcs)}`, `allow-rpcs=${list(settings.allowRpcs)}`].join('\n');
}

/** Names that are separated by commas, or by semicolons in a file. */
export function splitNames(text: string): string[] {
  return text.split(/[,;]/).flatMap((name) => (name.trim() === '' ? [] : [name.trim()]));
}
