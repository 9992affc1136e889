import { create } from '@bufbuild/protobuf';
import { newId } from '@innkeeper/client/browser';
import { RunSpecSchema, StartRunRequestSchema } from '@innkeeper/contract/control';
import { Button } from '@mantine/core';
import { type FormEvent, type JSX, useRef, useState } from 'react';
import { useNavigate } from 'react-router';
import { api } from '../../api/api.ts';
import { ErrorNote } from '../../components/error-note.tsx';
import { Icon } from '../../components/icon.tsx';
import { InnCommand } from '../../components/inn-command.tsx';
import { Page } from '../../components/page.tsx';
import { runPath } from '../../components/run-path.ts';
import { runCommands } from './run-command.ts';
import { HowCard } from './start/how-card.tsx';
import { draftProblems, draftRequest, type RunDraft } from './start/run-draft.ts';
import { startBlocker } from './start/start-blocker.ts';
import { useRunDraft } from './start/use-run-draft.ts';
import { type RunTargets, useRunTargets } from './start/use-run-targets.ts';
import { WhatCard } from './start/what-card.tsx';
import { WhereCard } from './start/where-card.tsx';

/** Starts a command or script on one VM or many. The form's content survives a reload. */
export function NewRunPage(): JSX.Element {
  const { draft, set, reset, forget, loading, error: loadError, generation } = useRunDraft();
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const navigate = useNavigate();
  const problems = draftProblems(draft);
  const targets = useRunTargets(draft, problems.filter === undefined);
  const blocker = startBlocker(draft, problems, targets);
  const idOf = useStartId();
  const submit = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    if (blocker !== undefined || busy) return;
    setBusy(true);
    setError(undefined);
    try {
      const { id } = await api.runs.startRun({ ...draftRequest(draft), id: idOf(draft) });
      forget();
      await navigate(runPath(id));
    } catch (failure) {
      setError(failure);
      setBusy(false);
    }
  };
  return (
    <Page
      title="Run a script"
      actions={
        <Button variant="subtle" size="sm" onClick={reset}>
          Start over
        </Button>
      }
    >
      {loadError !== undefined && <ErrorNote title="The run to repeat could not be loaded" error={loadError} />}
      {loading ? (
        <p className="dim" role="status">
          Loading the run to repeat.
        </p>
      ) : (
        <form
          className="new-run"
          onSubmit={(event) => void submit(event)}
          onKeyDown={(event) => {
            if (event.key !== 'Enter' || !(event.target instanceof Element)) return;
            const inCommand = event.target.matches('.what-command textarea') && !event.shiftKey;
            if (event.ctrlKey || event.metaKey || inCommand) {
              event.preventDefault();
              event.currentTarget.requestSubmit();
              // Enter in an option or a filter does not start the run.
            } else if (event.target.matches('input')) event.preventDefault();
          }}
        >
          <div className="new-run-main">
            <WhatCard draft={draft} set={set} problems={problems} generation={generation} />
            <HowCard draft={draft} set={set} problems={problems} />
          </div>
          <div className="new-run-side">
            <WhereCard draft={draft} set={set} targets={targets} />
            <div className="card new-run-start">
              {error !== undefined && <ErrorNote title="The run was not started" error={error} />}
              <p className="new-run-blocker dim" role="status">
                {blocker}
              </p>
              <Button
                type="submit"
                size="md"
                fullWidth
                loading={busy}
                disabled={blocker !== undefined}
                leftSection={<Icon name="runs" size={16} />}
                aria-keyshortcuts="Control+Enter Meta+Enter"
              >
                {startLabel(draft, targets)}
              </Button>
              <InnCommand command={commandOf(draft)} />
            </div>
          </div>
        </form>
      )}
    </Page>
  );
}

/**
 * Returns the same id for the same request, so that a start whose response was lost can be repeated without starting
 * twice.
 */
function useStartId(): (draft: RunDraft) => string {
  const last = useRef({ draft: undefined as RunDraft | undefined, id: '' });
  return (draft) => {
    if (last.current.draft !== draft) last.current = { draft, id: newId() };
    return last.current.id;
  };
}

function startLabel({ where, vms }: RunDraft, { total }: RunTargets): string {
  const [only, ...others] = vms;
  if (where === 'vms') return only === undefined ? 'Run' : `Run on ${others.length === 0 ? only : `${vms.length} VMs`}`;
  return total === 0 ? 'Run' : `Run on ${total === 1 ? '1 VM' : `${total.toLocaleString()} VMs`}`;
}

function commandOf(draft: RunDraft): string {
  const { spec, vms, filter } = create(
    StartRunRequestSchema,
    draftRequest({ ...draft, command: draft.command.trim() === '' ? 'COMMAND' : draft.command }),
  );
  const where = { vms: vms.length === 0 && filter === '' ? ['VM'] : vms, filter };
  return runCommands.start(spec ?? create(RunSpecSchema), where);
}
