import { browserSockets, terminalUrl } from '@innkeeper/client/browser';
import type { Vm } from '@innkeeper/contract/control';
import { quoteWord } from '@innkeeper/kit';
import { Button } from '@mantine/core';
import { type JSX, type ReactNode, useEffect, useEffectEvent, useState } from 'react';
import { EmulatorFrame } from '../../../components/emulator/emulator-frame.tsx';
import { useEmulator } from '../../../components/emulator/use-emulator.ts';
import { ErrorNote } from '../../../components/error-note.tsx';
import { type TerminalEnding, TerminalLink, type TerminalLinkState } from './terminal-link.ts';
import { endingText } from './terminal-title.ts';

const before: TerminalLinkState = { socket: 'connecting', agent: 'connected', ending: undefined };

export interface TerminalScreenProps {
  readonly vm: Vm;
  readonly id: string;
  /** User in the guest. */
  readonly user: string;
  readonly viewers: number;
  readonly children: ReactNode;
  /** Called when the terminal has ended, so that the list can be updated. */
  readonly onEnded: () => void;
  readonly onNew: () => void;
}

/** One terminal, live. The control plane keeps its screen, so it survives a reload. */
export function TerminalScreen(props: TerminalScreenProps): JSX.Element {
  const { vm, id, user, viewers, children, onEnded, onNew } = props;
  const shown = useEmulator('Terminal');
  const { emulator } = shown;
  const [state, setState] = useState(before);
  const [attempt, setAttempt] = useState(0);
  const ended = useEffectEvent(onEnded);
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new attempt reconnects
  useEffect(() => {
    if (emulator === undefined) return;
    const link = new TerminalLink({
      open: browserSockets(''),
      path: () => terminalUrl(vm.id, id, emulator.room),
      display: {
        clear: (size) => emulator.clear(size),
        write: (bytes, onDrawn) => emulator.write(bytes, onDrawn),
        resized: ({ columns, rows }) => emulator.after(() => emulator.terminal.resize(columns, rows)),
      },
      onState: (next) => {
        setState(next);
        emulator.readOnly = next.ending !== undefined;
        if (next.ending !== undefined) ended();
      },
    });
    emulator.onInput = (bytes) => link.type(bytes);
    emulator.onFit = (size) => link.resize(size);
    // With several windows attached, the focused one determines the size.
    const onFocus = (): void => {
      const { room } = emulator;
      if (room?.columns !== emulator.terminal.cols || room.rows !== emulator.terminal.rows) emulator.fit();
    };
    const retry = (): void => link.retryNow();
    emulator.terminal.textarea?.addEventListener('focus', onFocus);
    addEventListener('online', retry);
    document.addEventListener('visibilitychange', retry);
    emulator.terminal.focus();
    return () => {
      emulator.terminal.textarea?.removeEventListener('focus', onFocus);
      removeEventListener('online', retry);
      document.removeEventListener('visibilitychange', retry);
      link.close();
    };
  }, [emulator, vm.id, id, attempt]);
  const { ending, socket } = state;
  return (
    <EmulatorFrame
      shown={shown}
      fileName={`${vm.name}-terminal`}
      mayType={socket === 'open' && ending === undefined}
      commands={[
        { label: 'Join', command: `inn shell ${quoteWord(vm.name)} --attach ${id}` },
        { label: 'Another', command: newTerminalCommand(vm.name, user) },
      ]}
      notice={ending === undefined ? noticeText(state) : undefined}
      bar={
        ending && (
          <EndingBar
            ending={ending}
            onNew={onNew}
            onRetry={() => {
              setState(before);
              setAttempt(attempt + 1);
            }}
          />
        )
      }
      foot={viewers > 1 && <span>{viewers} windows attached</span>}
    >
      {children}
    </EmulatorFrame>
  );
}

function EndingBar({
  ending,
  onNew,
  onRetry,
}: {
  readonly ending: TerminalEnding;
  readonly onNew: () => void;
  readonly onRetry: () => void;
}): JSX.Element {
  if (ending.type === 'error')
    return <ErrorNote title="The terminal is no longer available" error={ending.error} onRetry={onRetry} />;
  return (
    <div className="emulator-bar" role="status">
      <span className="grow">{endingText(ending)}</span>
      <Button size="xs" variant="default" onClick={onNew}>
        Open a new terminal
      </Button>
    </div>
  );
}

function noticeText({ socket, agent }: TerminalLinkState): string | undefined {
  if (socket === 'lost') return 'Connection lost. Reconnecting; the terminal keeps running.';
  if (agent === 'lost') return 'The agent in the guest is not responding. The terminal resumes when it is back.';
  return undefined;
}

/** The `inn` command that opens such a terminal. */
export function newTerminalCommand(vm: string, user: string): string {
  const as = user === '' || user === 'root' ? '' : ` -u ${quoteWord(user)}`;
  return `inn shell${as} ${quoteWord(vm)}`;
}
