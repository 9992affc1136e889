import { create } from '@bufbuild/protobuf';
import { type Run, RunSpecSchema, type RunTarget } from '@innkeeper/contract/control';
import { Button } from '@mantine/core';
import { type JSX, useState } from 'react';
import { Link } from 'react-router';
import { api } from '../../api/api.ts';
import { hasPrivilege, useMe } from '../../api/session.ts';
import { CommandsButton } from '../../components/commands-button.tsx';
import { CopyButton } from '../../components/copy-button.tsx';
import { Icon } from '../../components/icon.tsx';
import { newRunPath, runPath } from '../../components/run-path.ts';
import { showToast } from '../../components/toasts.tsx';
import { useConfirm } from '../../components/use-confirm.tsx';
import { runCommands } from './run-command.ts';
import { isOver, targetsText } from './target-outcome.ts';

export interface RunActionsProps {
  readonly run: Run;
  /** The target whose output is shown. */
  readonly target: RunTarget | undefined;
}

/** Actions of a run: cancel, run again, copy its link, and the `inn` commands. */
export function RunActions({ run, target }: RunActionsProps): JSX.Element {
  const { id, spec, state, targets } = run;
  const { me } = useMe();
  const [canceling, setCanceling] = useState(false);
  const { ask, dialog } = useConfirm();
  const missing = hasPrivilege(me, 'guest.exec') ? undefined : 'You lack the privilege guest.exec';
  const over = isOver(state);
  const cancel = async (): Promise<void> => {
    const confirmed = await ask({
      title: 'Cancel this run?',
      body: (
        <p>
          Processes of this run on {targetsText(targets)} get TERM, and KILL 5 seconds later, including their child
          processes.
        </p>
      ),
      confirm: 'Cancel the run',
      danger: true,
      command: runCommands.cancel(id),
    });
    if (!confirmed) return;
    setCanceling(true);
    try {
      await api.runs.cancelRun({ id });
    } catch (error) {
      setCanceling(false);
      showToast({ id: `cancel ${id}`, tone: 'bad', title: 'The run was not cancelled', error });
    }
  };
  const where = { vms: targets.map(({ vmName }) => vmName).slice(0, 20), filter: '' };
  const address = `${window.location.origin}${runPath(id, targets.length > 1 ? target?.vmName : undefined)}`;
  return (
    <div className="row wrap run-actions">
      {!over && (
        <span data-hint={missing}>
          <Button
            size="sm"
            variant="default"
            loading={canceling}
            disabled={missing !== undefined}
            leftSection={<Icon name="cancel" size={14} />}
            onClick={() => void cancel()}
          >
            Cancel
          </Button>
        </span>
      )}
      <span data-hint={missing}>
        {missing === undefined ? (
          <Button
            size="sm"
            variant={over ? 'filled' : 'default'}
            component={Link}
            to={newRunPath({ again: id })}
            leftSection={<Icon name="repeat" size={15} />}
          >
            Run again
          </Button>
        ) : (
          <Button size="sm" disabled leftSection={<Icon name="repeat" size={15} />}>
            Run again
          </Button>
        )}
      </span>
      <CopyButton text={address} label="Copy the link to this run" />
      <CommandsButton
        commands={[
          { label: 'Show', command: runCommands.show(id) },
          { label: 'Follow', command: runCommands.follow(id) },
          ...(target === undefined ? [] : [{ label: 'Output', command: runCommands.output(id, target.vmName) }]),
          ...(over ? [] : [{ label: 'Cancel', command: runCommands.cancel(id) }]),
          { label: 'Run again', command: runCommands.start(spec ?? create(RunSpecSchema), where) },
        ]}
      />
      {dialog}
    </div>
  );
}
