import { type JSX, type ReactNode, useEffect, useId, useState } from 'react';
import { copyFrom } from './copy-from.ts';
import type { Emulator } from './emulator.ts';
import { EmulatorSearch } from './emulator-search.tsx';
import { EmulatorTools, type EmulatorToolsProps } from './emulator-tools.tsx';
import type { ShownEmulator } from './use-emulator.ts';
import { useFullWindow } from './use-full-window.ts';

export interface EmulatorFrameProps extends Pick<EmulatorToolsProps, 'fileName' | 'mayType' | 'commands'> {
  readonly shown: ShownEmulator;
  /** Shown at the left of the tools: the list of terminals, or who is typing. */
  readonly children: ReactNode;
  /** Shown over the dimmed screen: why the terminal is paused. */
  readonly notice?: ReactNode;
  /** Shown below the screen, at the left. */
  readonly foot?: ReactNode;
  /** A bar between the screen and the foot: how the terminal ended, or an error. */
  readonly bar?: ReactNode;
  /** Called when a character was typed in read-only mode. */
  readonly onRefused?: () => void;
}

/** A terminal's screen, with tools above and the state below. */
export function EmulatorFrame(props: EmulatorFrameProps): JSX.Element {
  const { shown, children, notice, foot, bar, mayType, onRefused } = props;
  const { emulator, ref } = shown;
  const [searching, setSearching] = useState(false);
  const [full, toggleFull] = useFullWindow();
  const id = useId();
  useEffect(() => {
    if (emulator === undefined) return;
    emulator.terminal.textarea?.setAttribute('aria-describedby', id);
    emulator.keys = {
      leave: () => document.getElementById(id)?.focus(),
      search: () => setSearching(true),
      copy: () => copyFrom(emulator),
      refused: () => onRefused?.(),
    };
  }, [emulator, id, onRefused]);
  const closeSearch = (): void => {
    setSearching(false);
    emulator?.terminal.focus();
  };
  return (
    <section className={full ? 'emulator full' : 'emulator'} aria-label="Terminal">
      <div className="emulator-head">
        <div className="emulator-aside">{children}</div>
        <EmulatorTools
          {...props}
          emulator={emulator}
          full={full}
          onFull={() => {
            toggleFull();
            emulator?.terminal.focus();
          }}
          onSearch={() => setSearching(true)}
        />
      </div>
      <div className={notice === undefined ? 'emulator-box' : 'emulator-box dimmed'}>
        <div ref={ref} className="emulator-screen" />
        {searching && emulator !== undefined && <EmulatorSearch emulator={emulator} onClose={closeSearch} />}
        <div className="emulator-notice" role="status">
          {notice !== undefined && <div className="emulator-pill">{notice}</div>}
        </div>
      </div>
      {bar}
      <div className="emulator-foot dim">
        {foot}
        <div className="grow" />
        {/* Ctrl+Shift+L focuses this; Tab then continues through the page. */}
        <span id={id} tabIndex={-1} className="emulator-hint">
          {mayType ? (
            <>
              Every key goes to the guest. <kbd>Ctrl+Shift+L</kbd> leaves the terminal.
            </>
          ) : (
            'Read-only: keys scroll.'
          )}
        </span>
        <Size emulator={emulator} />
      </div>
    </section>
  );
}

function Size({ emulator }: { readonly emulator: Emulator | undefined }): JSX.Element | null {
  const [size, setSize] = useState<string>();
  useEffect(() => {
    if (emulator === undefined) return;
    const show = (): void => setSize(`${emulator.terminal.cols}×${emulator.terminal.rows}`);
    show();
    const listening = emulator.terminal.onResize(show);
    return () => listening.dispose();
  }, [emulator]);
  return size === undefined ? null : (
    <span className="number" data-hint="Columns and rows">
      {size}
    </span>
  );
}
