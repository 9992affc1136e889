import { type JSX, type ReactNode, useEffect, useId, useState } from 'react';
import { copyFrom } from './copy-from.ts';
import type { Emulator } from './emulator.ts';
import { EmulatorSearch } from './emulator-search.tsx';
import { EmulatorTools, type EmulatorToolsProps } from './emulator-tools.tsx';
import type { ShownEmulator } from './use-emulator.ts';
import { useFullWindow } from './use-full-window.ts';

export interface EmulatorFrameProps extends Pick<EmulatorToolsProps, 'fileName' | 'mayType' | 'commands'> {
  readonly shown: ShownEmulator;
  /** At the left of the tools: which terminals there are, who types. */
  readonly children: ReactNode;
  /** Over the screen, which is dimmed meanwhile: why it stands still. */
  readonly standstill?: ReactNode;
  /** Below the screen, at the left. */
  readonly foot?: ReactNode;
  /** A bar between the screen and the foot: how it ended, what went wrong. */
  readonly bar?: ReactNode;
  /** A character was typed though nobody may type. */
  readonly onRefused?: () => void;
}

/** A terminal's screen with its tools above it and its state below. */
export function EmulatorFrame(props: EmulatorFrameProps): JSX.Element {
  const { shown, children, standstill, foot, bar, mayType, onRefused } = props;
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
        <div className="emulator-beside">{children}</div>
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
      <div className={standstill === undefined ? 'emulator-box' : 'emulator-box dimmed'}>
        <div ref={ref} className="emulator-screen" />
        {searching && emulator !== undefined && <EmulatorSearch emulator={emulator} onClose={closeSearch} />}
        <div className="emulator-standstill" role="status">
          {standstill !== undefined && <div className="emulator-pill">{standstill}</div>}
        </div>
      </div>
      {bar}
      <div className="emulator-foot dim">
        {foot}
        <div className="grow" />
        {/* Focused by the key itself, from where Tab goes on through the page. */}
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
