import { AgentState, type Vm, vmStateName } from '@innkeeper/contract/control';
import { Button } from '@mantine/core';
import { type JSX, useState } from 'react';
import { Link } from 'react-router';
import { hasPrivilege, useMe } from '../../api/session.ts';
import { EmptyState } from '../../components/empty-state.tsx';
import { ErrorNote } from '../../components/error-note.tsx';
import { Icon } from '../../components/icon.tsx';
import { showToast } from '../../components/toasts.tsx';
import { unknownReason } from '../../components/unknown-reason.ts';
import { vmPath } from '../../components/vm-path.ts';
import { quoteWord } from '../../format/quote-word.ts';
import { powerActions } from './power-actions.ts';

/** Whether nothing can be asked of the guest now. */
export function guestIsAway({ agent }: Vm): boolean {
  return agent?.state !== AgentState.CONNECTED;
}

/** Why something needs the guest and cannot have it, and what to do: start the VM, or see to its agent. */
export function GuestAway({ vm, wanted }: { readonly vm: Vm; readonly wanted: string }): JSX.Element {
  const state = vmStateName(vm.state);
  if (state === 'stopped' || state === 'crashed') return <VmIsOff vm={vm} wanted={wanted} />;
  if (state !== 'running')
    return (
      <EmptyState title={`${vm.name} is ${state ?? 'in a state that is not known here'}`}>
        {wanted} is here as soon as its agent answers.
      </EmptyState>
    );
  return (
    <EmptyState
      title="The agent does not answer"
      action={<Link to={vmPath(vm.name, 'agent')}>See what keeps it from answering</Link>}
      command={`inn doctor ${quoteWord(vm.name)}`}
    >
      {wanted} is opened by the agent in the guest. {unknownReason(vm.agent)} The serial console works without it:{' '}
      <Link to={vmPath(vm.name, 'console')}>open the console</Link>.
    </EmptyState>
  );
}

/** The VM does not run; it can be started from here. */
export function VmIsOff({ vm, wanted }: { readonly vm: Vm; readonly wanted: string }): JSX.Element {
  return (
    <EmptyState
      title={`${vm.name} does not run`}
      command={powerActions.start.command(quoteWord(vm.name))}
      action={<StartButton vm={vm} />}
    >
      {wanted} needs a VM that runs.
    </EmptyState>
  );
}

/** Starts the VM; disabled for who may not. */
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
      const body = <ErrorNote title="Start did not begin" error={error} />;
      showToast({ id: `power ${vm.id}`, tone: 'bad', title: vm.name, body });
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
