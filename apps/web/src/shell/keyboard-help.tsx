import { type JSX, useEffect, useRef } from 'react';
import { Icon } from '../components/icon.tsx';
import { navigation } from './navigation.ts';

const keys: readonly (readonly [string, string])[] = [
  ['Ctrl K or ⌘K', 'Search for VMs, pages and actions'],
  ['/', 'Filter or search'],
  ['?', 'This help'],
  ['Esc', 'Close a dialog or menu'],
  ['↑ ↓ or j k', 'Go to the list, and move in it'],
  ['Enter', 'Open the row'],
  ['Space', 'Select the row'],
  ['Ctrl Shift L', 'Leave a terminal, which receives all other keys'],
  ['Ctrl Shift F', 'Find in a terminal'],
];

/** The list of keyboard shortcuts, opened with `?`. */
export function KeyboardHelp({ onClose }: { readonly onClose: () => void }): JSX.Element {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    dialog.current?.showModal();
  }, []);
  const sequences = navigation.map(({ key, label }) => [`g ${key}`, `Go to ${label}`] as const);
  return (
    <dialog
      ref={dialog}
      className="palette"
      aria-label="Keyboard help"
      onClose={onClose}
      onPointerDown={(event) => event.target === dialog.current && onClose()}
    >
      <div className="palette-box keyboard-help">
        <div className="row">
          <h2 className="grow">Keyboard</h2>
          <button type="button" className="icon-button" aria-label="Close" onClick={onClose}>
            <Icon name="close" />
          </button>
        </div>
        <dl>
          {[...keys, ...sequences].map(([key, what]) => (
            <div key={key} className="row">
              <dt>
                <kbd>{key}</kbd>
              </dt>
              <dd>{what}</dd>
            </div>
          ))}
        </dl>
      </div>
    </dialog>
  );
}
