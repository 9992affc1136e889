/** What an agent may be capable of, and what it means: the table in docs/protocol/methods.md is made from this. */
export const capabilities = {
  exec: 'runs commands',
  'exec.pty': 'with a terminal',
  'exec.resume': 'attaches again, from an offset of the output',
  'exec.subreaper': 'finds and ends processes that left their session',
  'exec.user': 'runs commands as another user',
  'file.openat2': 'symbolic links are refused by the kernel, else part by part',
  'file.read': 'reads files and folders',
  'file.resume': 'continues an upload that was cut',
  'file.write': 'writes and changes files and folders',
  power: 'shuts down, reboots, halts',
  processes: 'lists the guest’s processes and sends them signals',
  telemetry: 'reports what the guest uses',
  'telemetry.pressure': 'with pressure stall information',
} as const;

export type CapabilityName = keyof typeof capabilities;
