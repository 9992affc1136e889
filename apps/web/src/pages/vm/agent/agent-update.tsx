import { OperationState } from '@innkeeper/contract/control';
import { quoteWord } from '@innkeeper/kit';
import { Button } from '@mantine/core';
import type { JSX } from 'react';
import { hasPrivilege, useMe } from '../../../api/session.ts';
import { InnCommand } from '../../../components/inn-command.tsx';
import { OperationProgress, stageText } from '../../../components/operation-progress.tsx';
import { useConfirm } from '../../../components/use-confirm.tsx';
import { useOperations } from '../../../live/use-operations.ts';
import { actOnVm } from '../act-on-vm.tsx';
import { isPossible, powerActions } from '../power-actions.ts';
import type { VmTabProps } from '../vm-tab.ts';

/** Says that the daemon has a newer agent, with the button that updates it; meanwhile, how far the update is. */
export function AgentUpdate({ vm, newest }: VmTabProps & { readonly newest: string }): JSX.Element | undefined {
  const { me } = useMe();
  const { ask, dialog } = useConfirm();
  const { data } = useOperations();
  const running = data?.operations.find(
    ({ kind, vmId, state }) => kind === 'agent.update' && vmId === vm.id && state === OperationState.RUNNING,
  );
  if (running !== undefined)
    return (
      <div className="agent-update" role="status">
        <p>The agent is being updated: {stageText(running)}</p>
        <OperationProgress operation={running} />
      </div>
    );
  if (!isPossible('update', vm)) return undefined;
  const { label, privilege, command } = powerActions.update;
  const may = hasPrivilege(me, privilege, vm);
  return (
    <div className="agent-update warn">
      <p>The agent is outdated: the daemon has {newest}.</p>
      <div className="row wrap">
        <span data-hint={may ? undefined : `You lack the privilege ${privilege} on this VM`}>
          <Button size="xs" disabled={!may} onClick={() => void actOnVm('update', vm, ask)}>
            {label}
          </Button>
        </span>
        <InnCommand command={command(quoteWord(vm.name))} />
      </div>
      {dialog}
    </div>
  );
}
