import { useMantineColorScheme } from '@mantine/core';
import { type JSX, useEffect, useEffectEvent, useId, useRef, useState } from 'react';
import { useLocation, useNavigate } from 'react-router';
import { hasPrivilege, useMe } from '../api/session.ts';
import { Icon } from '../components/icon.tsx';
import { useConfirm } from '../components/use-confirm.tsx';
import { useLive } from '../live/use-live.ts';
import { usePaletteAct } from './palette/palette-act.ts';
import { type PaletteEntry, type PaletteView, paletteEntries } from './palette/palette-entries.ts';
import { readQuery, vmOfAddress } from './palette/read-query.ts';

/** ⌘K: finds pages, VMs and settings, and does things: "stop web-1", "terminal web-1", "dark". Arrow keys select, Enter opens, Esc closes. */
export function Palette({
  onClose,
  onHelp,
}: {
  readonly onClose: () => void;
  readonly onHelp: () => void;
}): JSX.Element {
  const dialog = useRef<HTMLDialogElement>(null);
  const [query, setQuery] = useState('');
  const [active, setActive] = useState(0);
  const navigate = useNavigate();
  const listId = useId();
  const { entries, isCurrent } = useEntries(query);
  const [isEntered, setEntered] = useState(false);
  useEffect(() => {
    dialog.current?.showModal();
  }, []);
  const [asking, setAsking] = useState(false);
  const { ask, dialog: question } = useConfirm();
  const { setColorScheme } = useMantineColorScheme();
  const perform = usePaletteAct({ ask, setColorScheme, onHelp });
  const go = async (entry: PaletteEntry | undefined): Promise<void> => {
    if (entry === undefined) return;
    if (entry.act !== undefined) {
      // The palette gives way to the question; it is gone once that is answered.
      setAsking(true);
      await perform(entry.act);
    }
    onClose();
    if (entry.path !== undefined) void navigate(entry.path);
  };
  const move = (by: number): void => setActive((at) => (at + by + entries.length) % Math.max(entries.length, 1));
  const enter = (): void => {
    // A VM named faster than the daemon answers is opened when it has.
    if (entries.length === 0 && !isCurrent) setEntered(true);
    else void go(entries[active]);
  };
  const onAnswer = useEffectEvent(() => {
    setEntered(false);
    void go(entries[0]);
  });
  useEffect(() => {
    if (isEntered && isCurrent) onAnswer();
  }, [isEntered, isCurrent]);
  if (asking) return <>{question}</>;
  return (
    <dialog
      ref={dialog}
      className="palette"
      aria-label="Search and actions"
      onClose={onClose}
      onPointerDown={(event) => event.target === dialog.current && onClose()}
    >
      <div className="palette-box">
        <div className="row palette-input">
          <Icon name="search" />
          <input
            autoFocus
            role="combobox"
            aria-label="Search"
            aria-expanded
            aria-controls={listId}
            aria-activedescendant={entries[active] === undefined ? undefined : `${listId}-${active}`}
            placeholder="VM, page or action, such as “stop web-1”"
            value={query}
            onChange={(event) => {
              setQuery(event.currentTarget.value);
              setActive(0);
              setEntered(false);
            }}
            onKeyDown={(event) => {
              if (event.key === 'ArrowDown') move(1);
              else if (event.key === 'ArrowUp') move(-1);
              else if (event.key === 'Enter') enter();
              else return;
              event.preventDefault();
            }}
          />
        </div>
        <div id={listId} role="listbox" aria-label="Results" className="palette-list">
          {entries.map((entry, index) => (
            <div
              key={entry.key}
              id={`${listId}-${index}`}
              role="option"
              tabIndex={-1}
              aria-selected={index === active}
              className="palette-entry"
              onPointerMove={() => setActive(index)}
              onPointerDown={(event) => event.preventDefault()}
              onClick={() => void go(entry)}
              onKeyDown={(event) => event.key === 'Enter' && void go(entry)}
            >
              <Icon name={entry.icon} />
              <span className="grow ellipsis">{entry.label}</span>
              <span className="dim">{entry.detail}</span>
            </div>
          ))}
          {entries.length === 0 && <div className="palette-none dim">{isCurrent ? 'No matches.' : 'Searching …'}</div>}
        </div>
      </div>
    </dialog>
  );
}

/** What the palette can find now. The daemon searches VMs by the words that are no action. */
function useEntries(query: string): {
  readonly entries: readonly PaletteEntry[];
  /** Whether the daemon has answered for this query. */
  readonly isCurrent: boolean;
} {
  const { me } = useMe();
  const here = vmOfAddress(useLocation().pathname);
  const { name } = readQuery(query);
  // Quotation marks prevent the text from being parsed as a condition.
  const filter = name === '' ? '' : `name:"${name.replaceAll('"', '')}"`;
  const key = `palette ${filter}`;
  const { data, dataKey, error } = useLive('listVms', { case: 'listVms', value: { filter, pageSize: 8 } }, key);
  const may: PaletteView['may'] = (privilege, vm) => hasPrivilege(me, privilege, vm);
  const entries = paletteEntries({ query, vms: data?.vms ?? [], here, may });
  return { entries, isCurrent: dataKey === key || error !== undefined };
}
