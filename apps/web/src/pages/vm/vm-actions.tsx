import { judgeVmAction } from '@innkeeper/contract';
import { AgentState, type Vm, vmStateName } from '@innkeeper/contract/control';
import { Button, Menu } from '@mantine/core';
import { type JSX, useState } from 'react';
import { useNavigate } from 'react-router';
import { hasPrivilege, useMe } from '../../api/session.ts';
import { CommandsButton } from '../../components/commands-button.tsx';
import { ErrorNote } from '../../components/error-note.tsx';
import { Icon } from '../../components/icon.tsx';
import { showToast } from '../../components/toasts.tsx';
import { unknownReason } from '../../components/unknown-reason.ts';
import { useConfirm } from '../../components/use-confirm.tsx';
import { StartRunButton } from '../runs/start-run-button.tsx';
import { powerActions, type VmPowerAction } from './power-actions.ts';

const shown: readonly VmPowerAction[] = ['start', 'stop', 'restart'];
const hidden: readonly VmPowerAction[] = ['kill', 'delete'];

/**
 * The power buttons of a VM. Actions that its state does not allow are hidden; those without the privilege are
 * disabled.
 */
export function VmActions({ vm }: { readonly vm: Vm }): JSX.Element {
  const { me } = useMe();
  const [busy, setBusy] = useState(false);
  const { ask, dialog } = useConfirm();
  const navigate = useNavigate();
  const state = vmStateName(vm.state);
  const makesSense = (action: VmPowerAction): boolean => {
    if (state === undefined) return false;
    // Deleting kills a running VM first; a guest that is shutting down cannot restart.
    if (action === 'delete') return state !== 'deleting' && state !== 'creating';
    if (action === 'restart') return state === 'running';
    return judgeVmAction(state, powerActions[action].needs) === 'legal';
  };
  const missing = (action: VmPowerAction): string | undefined =>
    hasPrivilege(me, powerActions[action].privilege, vm)
      ? undefined
      : `You lack the privilege ${powerActions[action].privilege} on this VM`;
  const act = async (action: VmPowerAction): Promise<void> => {
    const { label, danger, consequence, command, run } = powerActions[action];
    const title = `${label} ${vm.name}?`;
    const question = { title, body: <p>{consequence}</p>, confirm: label, danger, command: command(vm.name) };
    if (danger && !(await ask({ ...question, typed: action === 'delete' ? vm.name : undefined }))) return;
    setBusy(true);
    try {
      await run(vm.id);
      if (action === 'restart') showToast({ id: `restart ${vm.id}`, tone: 'ok', title: `${vm.name} is restarting` });
      if (action === 'delete') void navigate('/vms');
    } catch (error) {
      const body = <ErrorNote title={`${label} failed`} error={error} />;
      showToast({ id: `power ${vm.id}`, tone: 'bad', title: vm.name, body });
    } finally {
      setBusy(false);
    }
  };
  const commands = [...shown, ...hidden].filter(makesSense).map((action) => ({
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
          { label: 'Shell', command: `inn shell ${vm.name}` },
          ...commands,
        ]}
      />
      <Menu position="bottom-end" width={200}>
        <Menu.Target>
          <button type="button" className="icon-button" aria-label="More actions" disabled={busy}>
            <Icon name="more" />
          </button>
        </Menu.Target>
        <Menu.Dropdown>
          {hidden.map((action) => (
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
    </div>
  );
}
