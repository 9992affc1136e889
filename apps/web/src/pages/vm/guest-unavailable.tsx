import { AgentState, type Vm, vmStateName } from '@innkeeper/contract/control';
import { quoteWord } from '@innkeeper/kit';
import { Button } from '@mantine/core';
import { type JSX, useState } from 'react';
import { Link } from 'react-router';
import { hasPrivilege, useMe } from '../../api/session.ts';
import { isBooting } from '../../components/agent-view.ts';
import { EmptyState } from '../../components/empty-state.tsx';
import { Icon } from '../../components/icon.tsx';
import { showToast } from '../../components/toasts.tsx';
import { unknownReason } from '../../components/unknown-reason.ts';
import { vmPath } from '../../components/vm-path.ts';
import { powerActions } from './power-actions.ts';

/** Whether the guest's agent is not connected. */
export function isGuestUnavailable({ agent }: Vm): boolean {
  return agent?.state !== AgentState.CONNECTED;
}

/** Explains why a feature that needs the guest is unavailable, and what to do: start the VM, or check its agent. */
export function GuestUnavailable({ vm, feature }: { readonly vm: Vm; readonly feature: string }): JSX.Element {
  const state = vmStateName(vm.state);
  if (state === 'stopped' || state === 'crashed') return <VmNotRunning vm={vm} feature={feature} />;
  if (state !== 'running' || isBooting(vm))
    return (
      <EmptyState title={`${vm.name} is ${isBooting(vm) ? 'booting' : (state ?? 'in an unknown state')}`}>
        {feature} will be available as soon as the agent is connected.
      </EmptyState>
    );
  return (
    <EmptyState
      title="The agent is not responding"
      action={<Link to={vmPath(vm.name, 'agent')}>Find out why</Link>}
      command={`inn doctor ${quoteWord(vm.name)}`}
    >
      {feature} needs the agent in the guest. {unknownReason(vm.agent)}
      {vm.driver !== 'adopted' && (
        <>
          {' '}
          The serial console works without it: <Link to={vmPath(vm.name, 'console')}>open the console</Link>.
        </>
      )}
    </EmptyState>
  );
}

/** Says that the VM is not running, with a start button. */
export function VmNotRunning({ vm, feature }: { readonly vm: Vm; readonly feature: string }): JSX.Element {
  return (
    <EmptyState
      title={`${vm.name} is not running`}
      command={powerActions.start.command(quoteWord(vm.name))}
      action={<StartButton vm={vm} />}
    >
      {feature} needs a running VM.
    </EmptyState>
  );
}

/** Starts the VM; disabled without the privilege. */
export function StartButton({ vm }: { readonly vm: Vm }): JSX.Element {
  const { me } = useMe();
  const [busy, setBusy] = useState(false);
  const { privilege, run } = powerActions.start;
  const may = hasPrivilege(me, privilege, vm);
  const start = async (): Promise<void> => {
    setBusy(true);
    try {
      await run(vm.id);
    } catch (error) {
      showToast({ id: `power ${vm.id}`, tone: 'bad', title: `${vm.name} was not started`, error });
    } finally {
      setBusy(false);
    }
  };
  return (
    <span data-hint={may ? undefined : `You lack the privilege ${privilege} on this VM`}>
      <Button
        size="sm"
        disabled={!may}
        loading={busy}
        leftSection={<Icon name="play" size={15} />}
        onClick={() => void start()}
      >
        Start {vm.name}
      </Button>
    </span>
  );
}
