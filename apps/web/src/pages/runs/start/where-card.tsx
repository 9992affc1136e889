import { Autocomplete, SegmentedControl } from '@mantine/core';
import { type JSX, useState } from 'react';
import { Card } from '../../../components/card.tsx';
import { ErrorNote } from '../../../components/error-note.tsx';
import { FilterBox } from '../../../components/filter-box.tsx';
import { Icon } from '../../../components/icon.tsx';
import { isUnreadable, runningMatchText } from '../../../components/match-text.ts';
import { useLive } from '../../../live/use-live.ts';
import type { RunDraft } from './run-draft.ts';
import type { RunTargets } from './use-run-targets.ts';

export interface WhereCardProps {
  readonly draft: RunDraft;
  readonly set: (change: Partial<RunDraft>) => void;
  readonly targets: RunTargets;
}

/** Maximum number of names shown. */
const maxShown = 60;

/** Where to run: VMs by name, or every running VM that matches a filter; with the state of each. */
export function WhereCard({ draft, set, targets: { targets, total, error } }: WhereCardProps): JSX.Element {
  const { where, vms, filter } = draft;
  const shown = targets?.slice(0, maxShown) ?? [];
  const bad = targets?.filter(({ problem }) => problem !== undefined).length ?? 0;
  return (
    <Card title="Where" className="where-card">
      <SegmentedControl
        fullWidth
        size="sm"
        aria-label="Where it runs"
        value={where}
        onChange={(value) => set({ where: value === 'filter' ? 'filter' : 'vms' })}
        data={[
          { value: 'vms', label: 'VMs by name' },
          { value: 'filter', label: 'VMs by filter' },
        ]}
      />
      {where === 'vms' ? (
        <VmPicker vms={vms} onAdd={(name) => set({ vms: [...vms, name] })} />
      ) : (
        <FilterBox value={filter} onChange={(value) => set({ filter: value })} />
      )}
      {error !== null && <ErrorNote title="The VMs could not be looked up" error={error} />}
      <p className="where-count" role="status">
        {where === 'filter' && filter.trim() === '' && (
          <span className="dim">Every running VM that matches when the run starts.</span>
        )}
        {where === 'filter' && filter.trim() !== '' && (targets !== undefined || isUnreadable(filter)) && (
          <strong className="number">{runningMatchText(filter, total)}</strong>
        )}
        {where === 'vms' && vms.length > 1 && <strong className="number">{vms.length} VMs</strong>}
        {bad > 0 && (targets?.length ?? 0) > 1 && (
          <span className="where-bad number">
            {bad} of them {bad === 1 ? 'is' : 'are'} not available
          </span>
        )}
      </p>
      {shown.length > 0 && (
        <ul className="where-list" aria-label="Target VMs">
          {shown.map(({ name, problem }) => (
            <li key={name} className={problem === undefined ? undefined : 'where-problem'}>
              <span className={problem === undefined ? 'where-dot ok' : 'where-dot'} aria-hidden="true" />
              <span className="where-name ellipsis">{name}</span>
              {where === 'vms' && (
                <button
                  type="button"
                  className="icon-button small"
                  aria-label={`Remove ${name}`}
                  onClick={() => set({ vms: vms.filter((each) => each !== name) })}
                >
                  <Icon name="remove" size={13} />
                </button>
              )}
              {problem !== undefined && <span className="where-why">{problem}</span>}
            </li>
          ))}
        </ul>
      )}
      {(targets?.length ?? 0) > maxShown && (
        <p className="dim number where-more">and {((targets?.length ?? 0) - maxShown).toLocaleString()} more</p>
      )}
    </Card>
  );
}

function VmPicker({
  vms,
  onAdd,
}: {
  readonly vms: readonly string[];
  readonly onAdd: (name: string) => void;
}): JSX.Element {
  const [text, setText] = useState('');
  const word = text.trim().replaceAll('"', '');
  const filter = word === '' ? '' : `name:"${word}"`;
  const { data } = useLive('listVms', { case: 'listVms', value: { filter, pageSize: 20 } }, `pick ${filter}`);
  const names = (data?.vms ?? []).map(({ name }) => name).filter((name) => !vms.includes(name));
  const add = (name: string): void => {
    if (name !== '' && !vms.includes(name)) onAdd(name);
    setText('');
  };
  return (
    <Autocomplete
      aria-label="Add a VM"
      placeholder={vms.length === 0 ? 'Name of a VM' : 'Add another VM'}
      data={names}
      // The daemon has already filtered.
      filter={({ options }) => options}
      value={text}
      onChange={setText}
      onOptionSubmit={(name) => {
        add(name);
        // Mantine writes the option into the field afterwards.
        setTimeout(() => setText(''));
      }}
      onKeyDown={(event) => {
        if (event.key !== 'Enter' || word === '') return;
        event.preventDefault();
        if (names.includes(word)) add(word);
      }}
      leftSection={<Icon name="plus" size={15} />}
    />
  );
}
