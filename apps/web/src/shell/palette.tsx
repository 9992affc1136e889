import { type JSX, useEffect, useId, useRef, useState } from 'react';
import { useLocation, useNavigate } from 'react-router';
import { hasPrivilege, useMe } from '../api/session.ts';
import { Icon, type IconName } from '../components/icon.tsx';
import { newRunPath } from '../components/run-path.ts';
import { useLive } from '../live/use-live.ts';
import { navigation } from './navigation.ts';

interface PaletteEntry {
  readonly key: string;
  readonly label: string;
  readonly detail: string;
  readonly icon: IconName;
  readonly path: string;
}

/** ⌘K: pages, actions and VMs by name. Arrow keys select, Enter opens, Esc closes. */
export function Palette({ onClose }: { readonly onClose: () => void }): JSX.Element {
  const dialog = useRef<HTMLDialogElement>(null);
  const [query, setQuery] = useState('');
  const [active, setActive] = useState(0);
  const navigate = useNavigate();
  const listId = useId();
  const entries = useEntries(query);
  useEffect(() => {
    dialog.current?.showModal();
  }, []);
  const go = (entry: PaletteEntry | undefined): void => {
    if (entry === undefined) return;
    onClose();
    void navigate(entry.path);
  };
  const move = (by: number): void => setActive((at) => (at + by + entries.length) % Math.max(entries.length, 1));
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
            placeholder="VM, page or action"
            value={query}
            onChange={(event) => {
              setQuery(event.currentTarget.value);
              setActive(0);
            }}
            onKeyDown={(event) => {
              if (event.key === 'ArrowDown') move(1);
              else if (event.key === 'ArrowUp') move(-1);
              else if (event.key === 'Enter') go(entries[active]);
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
              onClick={() => go(entry)}
              onKeyDown={(event) => event.key === 'Enter' && go(entry)}
            >
              <Icon name={entry.icon} />
              <span className="grow ellipsis">{entry.label}</span>
              <span className="dim">{entry.detail}</span>
            </div>
          ))}
          {entries.length === 0 && <div className="palette-none dim">No matches.</div>}
        </div>
      </div>
    </dialog>
  );
}

function useEntries(query: string): readonly PaletteEntry[] {
  const { me } = useMe();
  const word = query.trim().toLowerCase();
  // Quotation marks prevent the text from being parsed as a condition.
  const filter = word === '' ? '' : `name:"${word.replaceAll('"', '')}"`;
  const { data } = useLive('listVms', { case: 'listVms', value: { filter, pageSize: 8 } }, `palette ${filter}`);
  const areas = navigation
    .filter(({ privilege }) => privilege === undefined || hasPrivilege(me, privilege))
    .map(({ path, label, icon, key }) => ({ key: path, path, label, icon, detail: `g ${key}` }));
  const here = vmOfAddress(useLocation().pathname);
  const actions: PaletteEntry[] = [
    ...(hasPrivilege(me, 'guest.exec') ? runEntries(here) : []),
    ...(hasPrivilege(me, 'vm.manage')
      ? [{ key: 'create', path: '/vms/new', label: 'Create a VM', icon: 'plus' as const, detail: '' }]
      : []),
  ];
  const vms = (data?.vms ?? []).map(({ id, name, image }) => ({
    key: id,
    path: `/vms/${encodeURIComponent(name)}`,
    label: name,
    icon: 'vms' as const,
    detail: image,
  }));
  const fixed = [...areas, ...actions].filter(({ label }) => label.toLowerCase().includes(word));
  return word === '' ? [...fixed, ...vms] : [...vms.filter(({ label }) => label.includes(word)), ...fixed];
}

/** Entries that start a run: on the VM whose page is open, and in general. */
function runEntries(vm: string | undefined): PaletteEntry[] {
  const anywhere: PaletteEntry = { key: 'run', path: newRunPath(), label: 'Run a script', icon: 'runs', detail: '' };
  if (vm === undefined) return [anywhere];
  const path = newRunPath({ vms: [vm] });
  return [{ key: 'run here', path, label: `Run a script on ${vm}`, icon: 'runs', detail: '' }, anywhere];
}

function vmOfAddress(pathname: string): string | undefined {
  const [, area, name] = pathname.split('/');
  return area === 'vms' && name !== undefined && name !== '' && name !== 'new' ? decodeURIComponent(name) : undefined;
}
