/** The capabilities an agent can declare and their meaning. The table in docs/protocol/methods.md is generated from this. */
export const capabilities = {
  accounts: 'sets passwords, locks accounts and changes their SSH keys',
  exec: 'runs commands',
  'exec.pty': 'with a terminal',
  'exec.resume': 're-attaches to a command from an offset of its output',
  'exec.subreaper': 'finds and kills processes that left their session',
  'exec.user': 'runs commands as another user',
  'file.openat2': 'symbolic links are refused by the kernel (openat2) instead of by checking each part of a path',
  'file.read': 'reads files and folders',
  'file.resume': 'continues an interrupted upload',
  'file.watch': 'reports changes of files as they happen',
  'file.write': 'writes and changes files and folders',
  'filesystem.freeze': 'freezes and thaws file systems',
  'filesystem.trim': 'reports unused blocks to the disk',
  inventory: 'reports the guest’s hardware, packages, accounts and containers',
  network: 'configures network interfaces',
  power: 'shuts down, reboots, halts',
  'requests.parts': 'accepts requests that are longer than a frame, in parts',
  processes: 'lists the guest’s processes and sends them signals',
  system: 'has the guest’s time service set the clock',
  telemetry: 'reports the guest’s resource usage',
  'telemetry.pressure': 'with pressure stall information',
  tunnel: 'connects to TCP ports and unix sockets of the guest',
  units: 'lists and controls the guest’s services (systemd, OpenRC, SysV init)',
} as const;

export type CapabilityName = keyof typeof capabilities;
