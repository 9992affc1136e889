import { AgentState } from '@innkeeper/contract/control';
import { Button } from '@mantine/core';
import type { JSX } from 'react';
import { EmptyState } from '../../components/empty-state.tsx';
import { ErrorNote } from '../../components/error-note.tsx';
import { InnCommand } from '../../components/inn-command.tsx';
import { unknownReason } from '../../components/unknown-reason.ts';
import { runCommands } from '../runs/run-command.ts';
import { RunList } from '../runs/run-list.tsx';
import { StartRunButton } from '../runs/start-run-button.tsx';
import { useRuns } from '../runs/use-runs.ts';
import type { VmTabProps } from './vm-tab.ts';

/** The runs on this VM. */
export function RunsTab({ vm }: VmTabProps): JSX.Element {
  const search = { vm: vm.id, user: '', text: '' };
  const { runs, error, refetch, hasMore, isFetching, fetchMore } = useRuns(search);
  if (error !== null) return <ErrorNote title="The runs could not be loaded" error={error} onRetry={refetch} />;
  if (runs?.length === 0)
    return (
      <EmptyState
        title="No runs on this VM yet"
        action={
          <StartRunButton
            where={{ vms: [vm.name] }}
            vm={vm}
            reason={vm.agent?.state === AgentState.CONNECTED ? undefined : unknownReason(vm.agent)}
          />
        }
        command={`inn run --on ${vm.name} -- uname -a`}
      >
        Commands and scripts run on this VM are kept here with their output.
      </EmptyState>
    );
  return (
    <>
      <div className="runs-tools">
        <span className="grow" />
        <InnCommand command={runCommands.list({ ...search, vm: vm.name })} />
      </div>
      {runs !== undefined && <RunList runs={runs} vmId={vm.id} />}
      {hasMore && (
        <Button variant="default" loading={isFetching} onClick={fetchMore} className="runs-more">
          Load older runs
        </Button>
      )}
    </>
  );
}
