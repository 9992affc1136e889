import type { GuestProcess } from '@innkeeper/contract/agent';
import { Button, Switch, TextInput } from '@mantine/core';
import { useCallbackRef } from '@mantine/hooks';
import { type JSX, useState } from 'react';
import { guest } from '../../api/guest.ts';
import { hasPrivilege, useMe } from '../../api/session.ts';
import { ErrorNote } from '../../components/error-note.tsx';
import { Icon } from '../../components/icon.tsx';
import { InnCommand } from '../../components/inn-command.tsx';
import { showToast } from '../../components/toasts.tsx';
import { useConfirm } from '../../components/use-confirm.tsx';
import { showName } from '../../format/show-name.ts';
import { useParameters } from '../use-parameters.ts';
import { CapabilityMissing, lacksCapability } from './capability-missing.tsx';
import { GuestUnavailable, isGuestUnavailable } from './guest-unavailable.tsx';
import { listProcessesCommand, signalCommand } from './processes/process-commands.ts';
import { ProcessTable } from './processes/process-table.tsx';
import { filterProcesses, type ProcessOrder, processOrderOf } from './processes/process-view.ts';
import type { Signal } from './processes/signals.ts';
import { useProcesses } from './processes/use-processes.ts';
import type { VmTabProps } from './vm-tab.ts';

/** The guest's processes, and signals to them. Sort order and filter are in the address. */
export function ProcessesTab({ vm }: VmTabProps): JSX.Element {
  const { me } = useMe();
  const [parameters, change] = useParameters();
  const [paused, setPaused] = useState(false);
  const { ask, dialog } = useConfirm();
  const order = processOrderOf(parameters.get('sort'));
  const kernelThreads = parameters.get('kernel') === '1';
  const filter = parameters.get('filter') ?? '';
  const connected = !isGuestUnavailable(vm);
  const missing = lacksCapability(vm, 'processes');
  const { processes, total, error, refetch } = useProcesses(vm.id, order, {
    kernelThreads,
    paused,
    enabled: connected && !missing,
  });

  const setOrder = ({ key, reversed }: ProcessOrder): void => change({ sort: `${reversed ? '-' : ''}${key}` });
  const onSignal = useCallbackRef(async (process: GuestProcess, signal: Signal, tree: boolean): Promise<void> => {
    const name = `${showName(process.name)} (${process.pid})`;
    const sent = await ask({
      title: `Send ${signal.name} to ${name}?`,
      body: (
        <>
          <p>
            {signal.effect}.{tree && ' All its descendants are signalled too.'}
          </p>
          <code className="dim">{showName(process.command).slice(0, 300)}</code>
        </>
      ),
      confirm: `Send ${signal.name}`,
      danger: signal.danger,
      command: signalCommand(vm.name, process, signal, tree),
    });
    if (!sent) return;
    const id = `signal ${process.pid}`;
    try {
      const { pid, startedUnixNs } = process;
      const request = { pid, signal: signal.number, tree, startedUnixNs };
      const { signaled } = await guest.agent(vm.id).processes.signal(request);
      const body = signaled === 1 ? undefined : `${signaled} processes`;
      showToast({ id, tone: 'ok', title: `${signal.name} was sent to ${name}`, body });
    } catch (error) {
      showToast({ id, tone: 'bad', title: `${signal.name} was not sent to ${name}`, error });
    }
    await refetch();
  });

  if (!connected) return <GuestUnavailable vm={vm} feature="The list of processes" />;
  if (missing) return <CapabilityMissing vm={vm} name="processes" feature="Processes" />;
  const shown = processes === undefined ? [] : filterProcesses(processes, filter);
  return (
    <>
      <div className="processes-tools">
        <TextInput
          className="processes-filter"
          size="sm"
          data-filter
          aria-label="Filter processes"
          placeholder="Name, command, user or PID"
          leftSection={<Icon name="search" size={15} />}
          value={filter}
          onChange={(event) => change({ filter: event.currentTarget.value })}
        />
        <Switch
          size="sm"
          label="Kernel threads"
          checked={kernelThreads}
          onChange={(event) => change({ kernel: event.currentTarget.checked ? '1' : '' })}
        />
        <span className="dim number" role="status">
          {processes !== undefined && countText(shown.length, processes.length, total)}
        </span>
        <div className="grow" />
        <InnCommand command={listProcessesCommand(vm.name, order, kernelThreads)} />
        <Button
          size="xs"
          variant="default"
          aria-pressed={paused}
          leftSection={<Icon name={paused ? 'resume' : 'pause'} size={13} />}
          onClick={() => setPaused(!paused)}
        >
          {paused ? 'Resume' : 'Pause'}
        </Button>
      </div>
      {error !== null && (
        <ErrorNote title="The processes could not be listed" error={error} onRetry={() => void refetch()} />
      )}
      {processes !== undefined && (
        <div className="card processes-card">
          {shown.length === 0 ? (
            <p className="dim">No process matches the filter.</p>
          ) : (
            <ProcessTable
              processes={shown}
              order={order}
              onOrder={setOrder}
              maySignal={hasPrivilege(me, 'guest.exec', vm)}
              onSignal={onSignal}
            />
          )}
        </div>
      )}
      {dialog}
    </>
  );
}

function countText(shown: number, listed: number, total: number): string {
  if (shown < listed) return `${shown} of ${total}`;
  return listed < total ? `The first ${listed} of ${total}` : `${total} processes`;
}
