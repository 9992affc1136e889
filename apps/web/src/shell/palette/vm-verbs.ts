import type { IconName } from '../../components/icon-paths.ts';

/** What the palette can do with a VM: a power action, or a page of it. */
export interface VmVerb {
  readonly key: string;
  readonly label: string;
  /** What may be typed for it, each in full or the beginning. */
  readonly words: readonly string[];
  readonly icon: IconName;
  readonly privilege: string;
  /** The tab that it opens; absent: it is a power action, or a new run. */
  readonly tab?: string;
  readonly power?:
    | 'start'
    | 'stop'
    | 'restart'
    | 'wake'
    | 'suspend'
    | 'kill'
    | 'delete'
    | 'freeze'
    | 'thaw'
    | 'trim'
    | 'clock'
    | 'update';
}

/** The actions on a VM, in the order in which the palette offers them. */
export const vmVerbs: readonly VmVerb[] = [
  { key: 'start', label: 'Start', words: ['start', 'boot'], icon: 'play', privilege: 'vm.power', power: 'start' },
  {
    key: 'stop',
    label: 'Stop',
    words: ['stop', 'shutdown', 'halt', 'poweroff'],
    icon: 'stop',
    privilege: 'vm.power',
    power: 'stop',
  },
  {
    key: 'restart',
    label: 'Restart',
    words: ['restart', 'reboot'],
    icon: 'restart',
    privilege: 'vm.power',
    power: 'restart',
  },
  {
    key: 'suspend',
    label: 'Suspend',
    words: ['suspend', 'sleep'],
    icon: 'pause',
    privilege: 'vm.power',
    power: 'suspend',
  },
  { key: 'wake', label: 'Wake', words: ['wake', 'resume'], icon: 'play', privilege: 'vm.power', power: 'wake' },
  { key: 'kill', label: 'Kill', words: ['kill'], icon: 'bolt', privilege: 'vm.power', power: 'kill' },
  {
    key: 'delete',
    label: 'Delete',
    words: ['delete', 'remove', 'rm'],
    icon: 'trash',
    privilege: 'vm.manage',
    power: 'delete',
  },
  {
    key: 'freeze',
    label: 'Freeze',
    words: ['freeze', 'quiesce'],
    icon: 'freeze',
    privilege: 'guest.filesystem',
    power: 'freeze',
  },
  {
    key: 'thaw',
    label: 'Thaw',
    words: ['thaw', 'unfreeze'],
    icon: 'thaw',
    privilege: 'guest.filesystem',
    power: 'thaw',
  },
  {
    key: 'trim',
    label: 'Trim',
    words: ['trim', 'fstrim', 'discard'],
    icon: 'trim',
    privilege: 'guest.filesystem',
    power: 'trim',
  },
  {
    key: 'update',
    label: 'Update the agent of',
    words: ['update', 'agent', 'upgrade'],
    icon: 'restart',
    privilege: 'guest.admin',
    power: 'update',
  },
  {
    key: 'clock',
    label: 'Set the clock of',
    words: ['clock', 'time', 'sync-time'],
    icon: 'history',
    privilege: 'guest.admin',
    power: 'clock',
  },
  {
    key: 'terminal',
    label: 'Terminal of',
    words: ['terminal', 'shell', 'ssh', 'exec'],
    icon: 'terminal',
    privilege: 'guest.exec',
    tab: 'terminal',
  },
  {
    key: 'console',
    label: 'Console of',
    words: ['console', 'serial'],
    icon: 'keyboard',
    privilege: 'vm.console',
    tab: 'console',
  },
  { key: 'files', label: 'Files of', words: ['files'], icon: 'file', privilege: 'guest.file.read', tab: 'files' },
  {
    key: 'processes',
    label: 'Processes of',
    words: ['processes', 'ps', 'top'],
    icon: 'processes',
    privilege: 'vm.view',
    tab: 'processes',
  },
  {
    key: 'services',
    label: 'Services of',
    words: ['services', 'units', 'systemctl'],
    icon: 'services',
    privilege: 'vm.view',
    tab: 'services',
  },
  {
    key: 'inventory',
    label: 'Inventory of',
    words: ['inventory', 'packages', 'hardware', 'containers'],
    icon: 'inventory',
    privilege: 'vm.view',
    tab: 'inventory',
  },
  {
    key: 'accounts',
    label: 'Accounts of',
    words: ['accounts', 'users', 'passwords', 'keys'],
    icon: 'user',
    privilege: 'guest.admin',
    tab: 'accounts',
  },
  {
    key: 'logs',
    label: 'Logs of',
    words: ['logs', 'journal', 'dmesg'],
    icon: 'logs',
    privilege: 'vm.view',
    tab: 'logs',
  },
  {
    key: 'metrics',
    label: 'Metrics of',
    words: ['metrics', 'charts', 'graphs'],
    icon: 'chart',
    privilege: 'vm.view',
    tab: 'metrics',
  },
  {
    key: 'agent',
    label: 'Agent of',
    words: ['agent', 'doctor'],
    icon: 'info',
    privilege: 'vm.view',
    tab: 'agent',
  },
  {
    key: 'events',
    label: 'Events of',
    words: ['events', 'logs'],
    icon: 'history',
    privilege: 'vm.view',
    tab: 'events',
  },
  { key: 'run', label: 'Run a script on', words: ['run', 'script'], icon: 'runs', privilege: 'guest.exec' },
];
