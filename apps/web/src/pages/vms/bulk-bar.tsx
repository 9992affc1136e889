import { Button } from '@mantine/core';
import { type JSX, useState } from 'react';
import { useNavigate } from 'react-router';
import { api } from '../../api/api.ts';
import { hasPrivilege, useMe } from '../../api/session.ts';
import { Icon } from '../../components/icon.tsx';
import { newRunPath } from '../../components/run-path.ts';
import { showToast } from '../../components/toasts.tsx';
import { useConfirm } from '../../components/use-confirm.tsx';
import { keepDraft, keptDraft } from '../runs/start/keep-draft.ts';
import { powerActions, type VmPowerAction } from '../vm/power-actions.ts';
import { actOnMany } from './act-on-many.ts';
import type { Selection } from './use-selection.ts';

/** The maximum page size of the list. */
const maxSelected = 1000;

/** The actions on the selected VMs. */
export function BulkBar({
  selection,
  filter,
  total,
}: {
  readonly selection: Selection;
  readonly filter: string;
  readonly total: number;
}): JSX.Element {
  const { me } = useMe();
  const [busy, setBusy] = useState(false);
  const { ask, dialog } = useConfirm();
  const names = [...selection.ids.values()];
  const mayRun = hasPrivilege(me, 'guest.exec');
  const navigate = useNavigate();
  const selectAll = async (): Promise<void> => {
    setBusy(true);
    try {
      const { vms } = await api.vms.listVms({ filter, pageSize: maxSelected });
      selection.add(vms);
    } catch (error) {
      showToast({ id: 'select', tone: 'bad', title: 'The VMs could not be selected', error });
    } finally {
      setBusy(false);
    }
  };
  const act = async (action: VmPowerAction): Promise<void> => {
    const { label, danger, command, run } = powerActions[action];
    const confirmed =
      !danger ||
      (await ask({
        title: `${label} ${names.length === 1 ? names[0] : `${names.length} VMs`}?`,
        body: <SelectedNames names={names} what={powerActions[action].consequence} />,
        confirm: label,
        danger,
        command: names.slice(0, 20).map(command).join('\n'),
        typed: action === 'delete' && names.length > 1 ? `${names.length}` : undefined,
      }));
    if (!confirmed) return;
    setBusy(true);
    await actOnMany(powerActions[action], [...selection.ids], (id) => run(id));
    setBusy(false);
    selection.clear();
  };
  const actions = (['start', 'stop', 'kill', 'delete'] as const).filter((action) =>
    hasPrivilege(me, powerActions[action].privilege),
  );
  return (
    <div className="card bulk-bar" role="toolbar" aria-label="Selected VMs">
      <strong className="number">{selection.ids.size} selected</strong>
      {total > selection.ids.size && (
        <button type="button" className="plain-button bulk-all" onClick={() => void selectAll()}>
          Select all {Math.min(total, maxSelected).toLocaleString()}
          {total > maxSelected ? ` of ${total.toLocaleString()}` : ''}
        </button>
      )}
      <div className="grow" />
      {mayRun && (
        <Button
          size="xs"
          variant="default"
          disabled={busy}
          leftSection={<Icon name="runs" size={14} />}
          onClick={() => {
            // The address would be too long with many names.
            keepDraft({ ...keptDraft(), where: 'vms', vms: names });
            void navigate(newRunPath());
          }}
        >
          Run script
        </Button>
      )}
      {actions.map((action) => (
        <Button
          key={action}
          size="xs"
          variant="default"
          disabled={busy}
          leftSection={<Icon name={powerActions[action].icon} size={14} />}
          onClick={() => void act(action)}
        >
          {powerActions[action].label}
        </Button>
      ))}
      <button type="button" className="icon-button small" aria-label="Clear selection" onClick={selection.clear}>
        <Icon name="close" size={14} />
      </button>
      {dialog}
    </div>
  );
}

function SelectedNames({ names, what }: { readonly names: readonly string[]; readonly what: string }): JSX.Element {
  return (
    <>
      <p>{what}</p>
      <p className="bulk-names">
        {names.slice(0, 30).map((name) => (
          <code key={name}>{name}</code>
        ))}
        {names.length > 30 && <span className="dim">and {names.length - 30} more</span>}
      </p>
    </>
  );
}
