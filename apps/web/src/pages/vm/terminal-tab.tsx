import { type Terminal, TerminalState } from '@innkeeper/contract/control';
import { type JSX, useState } from 'react';
import { useSearchParams } from 'react-router';
import { guest } from '../../api/guest.ts';
import { EmptyState } from '../../components/empty-state.tsx';
import { ErrorNote } from '../../components/error-note.tsx';
import { showToast } from '../../components/toasts.tsx';
import { useConfirm } from '../../components/use-confirm.tsx';
import { CapabilityMissing, lacksCapability } from './capability-missing.tsx';
import { GuestUnavailable, isGuestUnavailable } from './guest-unavailable.tsx';
import { NewTerminal, type TerminalChoice } from './terminal/new-terminal.tsx';
import { TerminalList } from './terminal/terminal-list.tsx';
import { newTerminalCommand, TerminalScreen } from './terminal/terminal-screen.tsx';
import { terminalTitle } from './terminal/terminal-title.ts';
import { useTerminals } from './terminal/use-terminals.ts';
import type { VmTabProps } from './vm-tab.ts';

/** Terminals in the guest, which keep running when the page is left. The selected one is in the address. */
export function TerminalTab({ vm }: VmTabProps): JSX.Element {
  const { terminals, error, refetch, add } = useTerminals(vm.id);
  const [parameters, setParameters] = useSearchParams();
  const [busy, setBusy] = useState(false);
  const { ask, dialog } = useConfirm();
  const active = terminals?.find(({ id }) => id === parameters.get('terminal')) ?? terminals?.at(-1);
  const choose = (id: string | undefined): void =>
    setParameters(id === undefined ? {} : { terminal: id }, { replace: true });
  const open = async ({ user, command }: TerminalChoice): Promise<void> => {
    setBusy(true);
    try {
      const argv = command === '' ? [] : ['/bin/sh', '-c', command];
      const terminal = await guest.terminals.create(vm.id, { user, argv, title: command.slice(0, 100) });
      add(terminal);
      choose(terminal.id);
    } catch (failure) {
      const title = `No terminal was opened on ${vm.name}`;
      showToast({ id: `terminal ${vm.id}`, tone: 'bad', title, error: failure });
    } finally {
      setBusy(false);
    }
  };
  const close = async (terminal: Terminal): Promise<void> => {
    const title = terminalTitle(terminal);
    const runs = terminal.state === TerminalState.RUNNING;
    const question = {
      title: `Close "${title}"?`,
      body: <p>Its processes get HUP, and KILL 2 seconds later.</p>,
      confirm: 'Close',
      danger: true,
    };
    if (runs && !(await ask(question))) return;
    try {
      const { state } = await guest.terminals.close(vm.id, terminal.id);
      // An ended terminal stays listed until it is closed again. A user who closes it does not want to see it.
      if (runs && state === TerminalState.ENDED) await guest.terminals.close(vm.id, terminal.id);
    } catch (failure) {
      showToast({ id: `terminal ${terminal.id}`, tone: 'bad', title: `"${title}" was not closed`, error: failure });
    }
    await refetch();
  };
  const away = isGuestUnavailable(vm);
  const needed = lacksCapability(vm, 'exec') ? 'exec' : 'exec.pty';
  const missing = !away && lacksCapability(vm, needed);
  if (terminals === undefined || active === undefined) {
    return (
      <>
        {error !== null && (
          <ErrorNote title="The terminals could not be listed" error={error} onRetry={() => void refetch()} />
        )}
        {terminals !== undefined && away && <GuestUnavailable vm={vm} feature="A terminal" />}
        {terminals !== undefined && missing && <CapabilityMissing vm={vm} name={needed} feature="Terminals" />}
        {terminals !== undefined && !away && !missing && (
          <EmptyState
            title="No terminal is open"
            action={<NewTerminal vm={vm} busy={busy} prominent onOpen={(choice) => void open(choice)} />}
            command={newTerminalCommand(vm.name, '')}
          >
            A terminal is a shell in the guest, reached through its agent without a network. It keeps running when you
            leave this page.
          </EmptyState>
        )}
        {dialog}
      </>
    );
  }
  return (
    <>
      <TerminalScreen
        key={active.id}
        vm={vm}
        id={active.id}
        user={active.user}
        viewers={active.viewers}
        onEnded={() => void refetch()}
        onNew={() => void open({ user: active.user, command: '' })}
      >
        <TerminalList terminals={terminals} active={active.id} onChoose={choose} onClose={(each) => void close(each)} />
        {!away && <NewTerminal vm={vm} busy={busy} onOpen={(choice) => void open(choice)} />}
      </TerminalScreen>
      {dialog}
    </>
  );
}
