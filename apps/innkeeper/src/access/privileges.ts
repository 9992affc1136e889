/** Every privilege, with what it allows. Methods name theirs in the `.proto`, routes in their table. */
export const privileges = {
  'vm.view': 'See VMs: state, telemetry, processes, events, operations and runs, without command lines and output.',
  'vm.power': 'Start, stop and kill VMs.',
  'vm.manage': 'Create, change and delete VMs, and cancel operations on them.',
  'vm.console': 'See the serial console of VMs and type on it.',
  'guest.exec':
    'Run commands, scripts and terminals in the guest, signal its processes, and see command lines and output. As powerful as root there.',
  'guest.file.read': 'List and read files in the guest.',
  'guest.file.write': 'Write, rename, remove and change files in the guest.',
  'guest.connect':
    'Connect to TCP ports and unix sockets of the guest: forwards, tunnels and pages. As powerful as the programs that listen there.',
  'guest.filesystem': 'Freeze, thaw and trim file systems of the guest.',
  'guest.report': 'Report the address of a VM. For a token inside the VM.',
  'guest.admin': 'Change passwords, network, clock and agent of the guest.',
  'node.manage': 'Add, build and remove images, and change the node.',
  'user.manage': 'Manage users, roles and tokens. As powerful as the strongest role its holder has.',
  'audit.view': 'Read the audit log.',
} as const satisfies Record<string, string>;

export type PrivilegeName = keyof typeof privileges;

export const privilegeNames: readonly PrivilegeName[] = Object.keys(privileges) as PrivilegeName[];

/** Whether a role or token may name it. */
export function isPrivilege(name: string): name is PrivilegeName {
  return Object.hasOwn(privileges, name);
}
