import { isOperationError } from '@innkeeper/contract';
import { Button, TextInput } from '@mantine/core';
import { type JSX, useDeferredValue } from 'react';
import { EmptyState } from '../../components/empty-state.tsx';
import { ErrorNote } from '../../components/error-note.tsx';
import { Icon } from '../../components/icon.tsx';
import { InnCommand } from '../../components/inn-command.tsx';
import { Page } from '../../components/page.tsx';
import { useParameters } from '../use-parameters.ts';
import { runCommands } from './run-command.ts';
import { RunList } from './run-list.tsx';
import { StartRunButton } from './start-run-button.tsx';
import { useRuns } from './use-runs.ts';

const fields = [
  ['text', 'Text in title, command or script'],
  ['vm', 'VM'],
  ['user', 'User'],
] as const;

/** All runs that the user can see. The search is in the address. */
export function RunsPage(): JSX.Element {
  const [parameters, change] = useParameters();
  const value = (name: string): string => parameters.get(name) ?? '';
  const search = { text: value('text').trim(), vm: value('vm').trim(), user: value('user').trim() };
  const { runs, error, refetch, hasMore, isFetching, fetchMore } = useRuns(useDeferredValue(search));
  const searching = Object.values(search).some((each) => each !== '');
  // A partly typed name does not match a VM yet.
  const noSuchVm = isOperationError(error) && error.reason === 'VM_NOT_FOUND';
  const start = <StartRunButton where={search.vm === '' ? {} : { vms: [search.vm] }} />;
  return (
    <Page title="Runs" actions={start}>
      <div className="runs-tools">
        <search className="runs-search">
          {fields.map(([name, label]) => (
            <TextInput
              key={name}
              aria-label={label}
              placeholder={label}
              {...(name === 'text' ? { 'data-filter': true, leftSection: <Icon name="search" size={15} /> } : {})}
              value={value(name)}
              error={name === 'vm' && noSuchVm ? 'No VM has this name.' : undefined}
              autoComplete="off"
              spellCheck={false}
              onChange={(event) => change({ [name]: event.currentTarget.value })}
            />
          ))}
        </search>
        <InnCommand command={runCommands.list(search)} />
      </div>
      {error !== null && !noSuchVm && (
        <ErrorNote title="The runs could not be loaded" error={error} onRetry={refetch} />
      )}
      {runs?.length === 0 && !noSuchVm && !searching && (
        <EmptyState title="No runs yet" action={start} command="inn run --on VM -- uname -a">
          Run a command or a script on one VM or many; the output is kept here.
        </EmptyState>
      )}
      {runs?.length === 0 && !noSuchVm && searching && (
        <EmptyState
          title="No runs match"
          action={
            <Button variant="default" onClick={() => change({ text: '', vm: '', user: '' })}>
              Clear search
            </Button>
          }
        >
          Runs can be found by text in their title, command or script, by VM, and by user.
        </EmptyState>
      )}
      {runs !== undefined && runs.length > 0 && !noSuchVm && <RunList runs={runs} />}
      {hasMore && !noSuchVm && (
        <Button variant="default" loading={isFetching} onClick={fetchMore} className="runs-more">
          Load older runs
        </Button>
      )}
    </Page>
  );
}
