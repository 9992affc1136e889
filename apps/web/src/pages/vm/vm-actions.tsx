import { AgentState, type Vm, vmStateName } from '@innkeeper/contract/control';
import { Button, Menu } from '@mantine/core';
import { type JSX, useState } from 'react';
import { useNavigate } from 'react-router';
import { hasPrivilege, useMe } from '../../api/session.ts';
import { CommandsButton } from '../../components/commands-button.tsx';
import { Icon } from '../../components/icon.tsx';
import { unknownReason } from '../../components/unknown-reason.ts';
import { useConfirm } from '../../components/use-confirm.tsx';
import { StartRunButton } from '../runs/start-run-button.tsx';
import { actOnVm } from './act-on-vm.tsx';
import { lacksCapability } from './capability-missing.tsx';
import { OpenPortDialog } from './open-port-dialog.tsx';
import { isPossible, powerActions, type VmPowerAction } from './power-actions.ts';
import { SettingsDialog } from './settings-dialog.tsx';

const shown: readonly VmPowerAction[] = ['start', 'wake', 'stop', 'restart'];
/** Inside the guest. */
const inGuest: readonly VmPowerAction[] = ['suspend', 'freeze', 'thaw', 'trim', 'clock', 'update'];
const hidden: readonly VmPowerAction[] = ['kill', 'delete'];

/**
 * The power buttons of a VM. Actions that its state does not allow are hidden; those without the privilege are
 * disabled.
 */
export function VmActions({ vm }: { readonly vm: Vm }): JSX.Element {
  const { me } = useMe();
  const [busy, setBusy] = useState(false);
  const [isEditing, setIsEditing] = useState(false);
  const [isOpeningPort, setIsOpeningPort] = useState(false);
  const { ask, dialog } = useConfirm();
  const navigate = useNavigate();
  const state = vmStateName(vm.state);
  const isAdopted = vm.driver === 'adopted';
  const makesSense = (action: VmPowerAction): boolean => isPossible(action, vm);
  const missing = (action: VmPowerAction): string | undefined =>
    hasPrivilege(me, powerActions[action].privilege, vm)
      ? undefined
      : `You lack the privilege ${powerActions[action].privilege} on this VM`;
  const act = async (action: VmPowerAction): Promise<void> => {
    setBusy(true);
    const done = await actOnVm(action, vm, ask);
    setBusy(false);
    if (done && action === 'delete') void navigate('/vms');
  };
  const commands = [...shown, ...inGuest, ...hidden].filter(makesSense).map((action) => ({
    label: powerActions[action].label,
    command: powerActions[action].command(vm.name),
  }));
  return (
    <div className="row wrap vm-actions">
      {state === 'running' && (
        <StartRunButton
          variant="default"
          where={{ vms: [vm.name] }}
          vm={vm}
          reason={vm.agent?.state === AgentState.CONNECTED ? undefined : unknownReason(vm.agent)}
        />
      )}
      {shown.filter(makesSense).map((action) => (
        <span key={action} data-hint={missing(action)}>
          <Button
            variant={action === 'start' ? 'filled' : 'default'}
            size="sm"
            disabled={busy || missing(action) !== undefined}
            leftSection={<Icon name={powerActions[action].icon} size={15} />}
            onClick={() => void act(action)}
          >
            {powerActions[action].label}
          </Button>
        </span>
      ))}
      <CommandsButton
        commands={[
          { label: 'Show', command: `inn show ${vm.name}` },
          { label: 'Run', command: `inn run --on ${vm.name} -- uname -a` },
          ...(lacksCapability(vm, 'exec.pty') ? [] : [{ label: 'Shell', command: `inn shell ${vm.name}` }]),
          ...(lacksCapability(vm, 'tunnel') ? [] : [{ label: 'Port', command: `inn forward ${vm.name} 8080:80` }]),
          ...commands,
          isAdopted
            ? { label: 'Release', command: `inn release ${vm.name}` }
            : { label: 'Autostart', command: `inn set ${vm.name} --autostart ${vm.autostart ? 'off' : 'on'}` },
        ]}
      />
      <Menu position="bottom-end" width={200} portalProps={{ target: '#content' }} withInitialFocusPlaceholder={false}>
        <Menu.Target>
          <button type="button" className="icon-button" aria-label="More actions" disabled={busy}>
            <Icon name="more" />
          </button>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item
            leftSection={<Icon name="openPort" size={16} />}
            disabled={state !== 'running' || !hasPrivilege(me, 'guest.connect', vm) || lacksCapability(vm, 'tunnel')}
            data-hint={lacksCapability(vm, 'tunnel') ? 'The agent of this guest has no tunnels' : undefined}
            onClick={() => setIsOpeningPort(true)}
          >
            Open port
          </Menu.Item>
          <Menu.Item
            leftSection={<Icon name="settings" size={16} />}
            disabled={!hasPrivilege(me, 'vm.manage', vm)}
            onClick={() => setIsEditing(true)}
          >
            Settings
          </Menu.Item>
          {inGuest.filter(makesSense).map((action) => (
            <Menu.Item
              key={action}
              disabled={missing(action) !== undefined}
              leftSection={<Icon name={powerActions[action].icon} size={16} />}
              onClick={() => void act(action)}
            >
              {powerActions[action].label}
            </Menu.Item>
          ))}
          {(isAdopted ? [] : hidden).map((action) => (
            <Menu.Item
              key={action}
              color="red"
              disabled={!makesSense(action) || missing(action) !== undefined}
              leftSection={<Icon name={powerActions[action].icon} size={16} />}
              onClick={() => void act(action)}
            >
              {powerActions[action].label}
            </Menu.Item>
          ))}
        </Menu.Dropdown>
      </Menu>
      {dialog}
      {isOpeningPort && <OpenPortDialog vm={vm} onClose={() => setIsOpeningPort(false)} />}
      {isEditing && <SettingsDialog vm={vm} onClose={() => setIsEditing(false)} />}
    </div>
  );
}
