import { browserSockets, consoleUrl } from '@innkeeper/client/browser';
import { vmStateName } from '@innkeeper/contract/control';
import { quoteWord } from '@innkeeper/kit';
import { type JSX, useCallback, useEffect, useState } from 'react';
import { EmptyState } from '../../components/empty-state.tsx';
import { EmulatorFrame } from '../../components/emulator/emulator-frame.tsx';
import { useEmulator } from '../../components/emulator/use-emulator.ts';
import { ErrorNote } from '../../components/error-note.tsx';
import { ConsoleLink, newConsoleState } from './console/console-link.ts';
import { WriterBar } from './console/writer-bar.tsx';
import { StartButton, VmNotRunning } from './guest-unavailable.tsx';
import type { VmTabProps } from './vm-tab.ts';

/** How long the button is highlighted after typing in read-only mode. */
const highlightMs = 1500;
/** Delay before reconnecting to the console of a VM that was restarted. */
const returnMs = 1000;

/** The serial console, which works without an agent. It has any number of viewers and one writer at a time. */
export function ConsoleTab({ vm }: VmTabProps): JSX.Element {
  if (vm.driver === 'adopted')
    return (
      <EmptyState title="The console of this VM is not known">
        Somebody else runs it, and Innkeeper has only its agent. Its console is where it runs.
      </EmptyState>
    );
  return <OwnConsole vm={vm} />;
}

function OwnConsole({ vm }: VmTabProps): JSX.Element {
  const state = vmStateName(vm.state);
  const isOn = state !== 'stopped' && state !== 'crashed' && state !== 'creating' && state !== 'deleting';
  // The last output stays on the page when the VM stops.
  const [seen, setSeen] = useState(isOn);
  if (isOn && !seen) setSeen(true);
  if (!seen) return <VmNotRunning vm={vm} feature="The serial console" />;
  return <LiveConsole vm={vm} isOn={isOn} />;
}

function LiveConsole({ vm, isOn }: VmTabProps & { readonly isOn: boolean }): JSX.Element {
  const shown = useEmulator('Serial console');
  const { emulator } = shown;
  const [state, setState] = useState(newConsoleState);
  const [link, setLink] = useState<ConsoleLink>();
  const [isHighlighted, setHighlighted] = useState(false);
  const [attempt, setAttempt] = useState(0);
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new attempt reconnects
  useEffect(() => {
    if (emulator === undefined || !isOn) return;
    const made = new ConsoleLink({
      open: browserSockets(''),
      path: (writer) => consoleUrl(vm.id, writer),
      display: emulator,
      onState: (next) => {
        setState(next);
        emulator.readOnly = !next.isWriter;
      },
    });
    emulator.readOnly = true;
    emulator.onInput = (bytes) => made.type(bytes);
    setLink(made);
    const retry = (): void => made.retryNow();
    addEventListener('online', retry);
    document.addEventListener('visibilitychange', retry);
    return () => {
      removeEventListener('online', retry);
      document.removeEventListener('visibilitychange', retry);
      made.close();
      setLink(undefined);
    };
  }, [emulator, vm.id, isOn, attempt]);
  useEffect(() => {
    if (!isHighlighted) return;
    const timer = setTimeout(() => setHighlighted(false), highlightMs);
    return () => clearTimeout(timer);
  }, [isHighlighted]);
  const { socket, isWriter, writer, error } = state;
  // A VM that was restarted has a new console.
  const mustReturn = isOn && socket === 'closed' && error === undefined && link !== undefined;
  useEffect(() => {
    if (!mustReturn) return;
    const timer = setTimeout(() => setAttempt((before) => before + 1), returnMs);
    return () => clearTimeout(timer);
  }, [mustReturn]);
  const ask = useCallback(() => setHighlighted(true), []);
  const lost = socket === 'lost' && isOn;
  const name = quoteWord(vm.name);
  return (
    <EmulatorFrame
      shown={shown}
      fileName={`${vm.name}-console`}
      mayType={isWriter}
      onRefused={ask}
      commands={[
        { label: 'Console', command: `inn console ${name}` },
        { label: 'View only', command: `inn console --read-only ${name}` },
        { label: 'Take over', command: `inn console --take ${name}` },
      ]}
      notice={noticeText(isOn, lost)}
      bar={
        <>
          {error !== undefined && isOn && (
            <ErrorNote title="The console could not be opened" error={error} onRetry={() => setAttempt(attempt + 1)} />
          )}
          {!isOn && (
            <div className="emulator-bar">
              <span className="grow">{vm.name} is not running.</span>
              <StartButton vm={vm} />
            </div>
          )}
        </>
      }
      foot={
        <span role="status">
          {isHighlighted && (writer === null ? 'Take the keyboard to type.' : 'Take over to type.')}
        </span>
      }
    >
      <WriterBar
        state={state}
        isHighlighted={isHighlighted}
        onTake={() => {
          link?.take();
          emulator?.terminal.focus();
        }}
        onRelease={() => link?.release()}
      />
    </EmulatorFrame>
  );
}

function noticeText(isOn: boolean, lost: boolean): string | undefined {
  if (!isOn) return 'The VM has stopped. This was its last output.';
  return lost ? 'Connection lost. Reconnecting.' : undefined;
}
