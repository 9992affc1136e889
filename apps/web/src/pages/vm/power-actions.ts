import { judgeVmAction, type VmAction } from '@innkeeper/contract';
import { type Vm, vmStateName } from '@innkeeper/contract/control';
import { api } from '../../api/api.ts';
import { guest } from '../../api/guest.ts';
import type { IconName } from '../../components/icon.tsx';

export type VmPowerAction =
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

/** How long a guest stays frozen that nobody thaws. */
const freezeMs = 60_000;

interface PowerAction {
  readonly label: string;
  /** What happened to the VM afterwards: "stopped". */
  readonly done: string;
  readonly icon: IconName;
  readonly privilege: string;
  /** The action that the VM's state must allow. */
  readonly needs: VmAction;
  /** Title of the confirmation, if it is not the label with the VM's name. */
  readonly question?: (name: string) => string;
  /** Something is lost by it. */
  readonly danger: boolean;
  /** Text of the confirmation; if empty, none is asked for. */
  readonly consequence: string;
  readonly command: (name: string) => string;
  readonly run: (vm: string) => Promise<unknown>;
}

/** The actions in lists and on a VM's page: on its power, and inside its guest. */
export const powerActions: Readonly<Record<VmPowerAction, PowerAction>> = {
  start: {
    label: 'Start',
    done: 'started',
    icon: 'play',
    privilege: 'vm.power',
    needs: 'start',
    danger: false,
    consequence: '',
    command: (name) => `inn start ${name}`,
    run: (vm) => api.vms.startVm({ vm }),
  },
  stop: {
    label: 'Stop',
    done: 'stopped',
    icon: 'stop',
    privilege: 'vm.power',
    needs: 'stop',
    danger: true,
    consequence: 'The guest is asked to shut down; if it has not done so after a minute, it is powered off.',
    command: (name) => `inn stop ${name}`,
    run: (vm) => api.vms.stopVm({ vm }),
  },
  restart: {
    label: 'Restart',
    done: 'restarted',
    icon: 'restart',
    privilege: 'vm.power',
    needs: 'guest',
    danger: true,
    consequence: 'The guest reboots from inside, which ends all its processes.',
    command: (name) => `inn reboot ${name}`,
    run: (vm) => guest.power.shutdown(vm, { mode: 'reboot' }),
  },
  suspend: {
    label: 'Suspend',
    done: 'asked to suspend',
    icon: 'pause',
    privilege: 'vm.power',
    needs: 'guest',
    danger: false,
    consequence: '',
    command: (name) => `inn suspend ${name}`,
    run: (vm) => guest.power.suspend(vm),
  },
  wake: {
    label: 'Wake',
    done: 'awake',
    icon: 'play',
    privilege: 'vm.power',
    needs: 'resume',
    danger: false,
    consequence: '',
    command: (name) => `inn wake ${name}`,
    run: (vm) => api.vms.wakeVm({ vm }),
  },
  kill: {
    label: 'Kill',
    done: 'killed',
    icon: 'bolt',
    privilege: 'vm.power',
    needs: 'kill',
    danger: true,
    consequence: 'The VM is powered off immediately, like pulling the plug. Data not yet written to disk is lost.',
    command: (name) => `inn kill ${name}`,
    run: (vm) => api.vms.killVm({ vm }),
  },
  delete: {
    label: 'Delete',
    done: 'deleted',
    icon: 'trash',
    privilege: 'vm.manage',
    needs: 'delete',
    danger: true,
    consequence: 'The VM and its disk are deleted. This cannot be undone. A running VM is powered off first.',
    command: (name) => `inn rm --force --yes ${name}`,
    run: (vm) => api.vms.deleteVm({ vm, force: true }),
  },
  freeze: {
    label: 'Freeze',
    done: 'frozen',
    icon: 'freeze',
    privilege: 'guest.filesystem',
    needs: 'guest',
    danger: true,
    consequence:
      'Programs in the guest that write to a disk wait until the thaw, and after a minute the guest thaws by itself. Copy the disk meanwhile.',
    command: (name) => `inn freeze ${name}`,
    run: (vm) => guest.filesystems.freeze(vm, { leaseMs: freezeMs }),
  },
  thaw: {
    label: 'Thaw',
    done: 'thawed',
    icon: 'thaw',
    privilege: 'guest.filesystem',
    needs: 'guest',
    danger: false,
    consequence: '',
    command: (name) => `inn thaw ${name}`,
    run: (vm) => guest.filesystems.thaw(vm),
  },
  trim: {
    label: 'Trim',
    done: 'trimmed',
    icon: 'trim',
    privilege: 'guest.filesystem',
    needs: 'guest',
    danger: false,
    consequence: '',
    command: (name) => `inn trim ${name}`,
    run: (vm) => guest.filesystems.trim(vm),
  },
  clock: {
    label: 'Set clock',
    done: 'on its host’s time',
    icon: 'history',
    privilege: 'guest.admin',
    needs: 'guest',
    danger: false,
    consequence: '',
    command: (name) => `inn sync-time ${name}`,
    run: (vm) => api.vms.syncClock({ vm }),
  },
  update: {
    label: 'Update agent',
    done: 'updated',
    icon: 'restart',
    privilege: 'guest.admin',
    needs: 'guest',
    danger: false,
    question: (name) => `Update the agent of ${name}?`,
    consequence:
      'The daemon’s agent replaces the one in the guest. Commands and terminals go on. Tunnels and archives get 10 s to end; otherwise the agent stays as it is.',
    command: (name) => `inn agent update ${name}`,
    run: (vm) => api.vms.updateAgent({ vm }),
  },
};

/** Actions that the agent performs, and the capability that each needs. */
const agentActions: ReadonlyMap<VmPowerAction, string> = new Map([
  ['suspend', 'power.more'],
  ['update', 'update'],
  ['freeze', 'filesystem.freeze'],
  ['thaw', 'filesystem.freeze'],
  ['trim', 'filesystem.trim'],
]);

/** Whether the VM's state allows the action. */
export function isPossible(
  action: VmPowerAction,
  vm: Pick<Vm, 'state' | 'telemetry' | 'suspended' | 'agent' | 'driver'>,
): boolean {
  const state = vmStateName(vm.state);
  if (state === undefined) return false;
  // Of a VM that somebody else runs, only the agent can be asked.
  const capability = agentActions.get(action) ?? '';
  if (vm.driver === 'adopted' && vm.agent?.capabilities.includes(capability) !== true) return false;
  // Deleting kills a running VM first; a guest that is shutting down cannot restart.
  if (action === 'delete') return state !== 'deleting' && state !== 'creating';
  if (action === 'restart') return state === 'running';
  if (action === 'wake') return vm.suspended;
  if (action === 'suspend') return state === 'running';
  if (action === 'update') return vm.agent?.outdated === true;
  // Without an agent there is no telemetry.
  if (action === 'freeze' || action === 'trim') return state === 'running' && vm.telemetry?.frozen === false;
  if (action === 'thaw') return state === 'running' && vm.telemetry?.frozen === true;
  return judgeVmAction(state, powerActions[action].needs) === 'legal';
}
