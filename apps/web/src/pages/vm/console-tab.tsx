import { browserSockets, consoleUrl } from '@innkeeper/client/browser';
import { vmStateName } from '@innkeeper/contract/control';
import { type JSX, useCallback, useEffect, useState } from 'react';
import { EmulatorFrame } from '../../components/emulator/emulator-frame.tsx';
import { useEmulator } from '../../components/emulator/use-emulator.ts';
import { ErrorNote } from '../../components/error-note.tsx';
import { quoteWord } from '../../format/quote-word.ts';
import { ConsoleLink, newConsoleState } from './console/console-link.ts';
import { WriterBar } from './console/writer-bar.tsx';
import { StartButton, VmIsOff } from './guest-away.tsx';
import type { VmTabProps } from './vm-tab.ts';

/** How long the button is pointed out to somebody who types without the keyboard. */
const askedMs = 1500;
/** Before the console of a VM that ended and yet runs is asked for again. */
const returnMs = 1000;

/** The serial console: works without an agent. Anybody may look, one at a time types. */
export function ConsoleTab({ vm }: VmTabProps): JSX.Element {
  const state = vmStateName(vm.state);
  const isOn = state !== 'stopped' && state !== 'crashed' && state !== 'creating' && state !== 'deleting';
  // What was seen stays on the page when the VM stops under it.
  const [seen, setSeen] = useState(isOn);
  if (isOn && !seen) setSeen(true);
  if (!seen) return <VmIsOff vm={vm} wanted="The serial console" />;
  return <LiveConsole vm={vm} isOn={isOn} />;
}

function LiveConsole({ vm, isOn }: VmTabProps & { readonly isOn: boolean }): JSX.Element {
  const shown = useEmulator('Serial console');
  const { emulator } = shown;
  const [state, setState] = useState(newConsoleState);
  const [link, setLink] = useState<ConsoleLink>();
  const [isAsked, setAsked] = useState(false);
  const [attempt, setAttempt] = useState(0);
  // biome-ignore lint/correctness/useExhaustiveDependencies: another attempt connects anew
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
    if (!isAsked) return;
    const timer = setTimeout(() => setAsked(false), askedMs);
    return () => clearTimeout(timer);
  }, [isAsked]);
  const { socket, isWriter, writer, error } = state;
  // A VM that was stopped and started at once has another console.
  const mustReturn = isOn && socket === 'closed' && error === undefined && link !== undefined;
  useEffect(() => {
    if (!mustReturn) return;
    const timer = setTimeout(() => setAttempt((before) => before + 1), returnMs);
    return () => clearTimeout(timer);
  }, [mustReturn]);
  const ask = useCallback(() => setAsked(true), []);
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
        { label: 'Only look', command: `inn console --read-only ${name}` },
        { label: 'Take over', command: `inn console --take ${name}` },
      ]}
      standstill={standstillText(isOn, lost)}
      bar={
        <>
          {error !== undefined && isOn && (
            <ErrorNote title="The console is not shown" error={error} onRetry={() => setAttempt(attempt + 1)} />
          )}
          {!isOn && (
            <div className="emulator-bar">
              <span className="grow">{vm.name} does not run.</span>
              <StartButton vm={vm} />
            </div>
          )}
        </>
      }
      foot={
        <span role="status">{isAsked && (writer === null ? 'Take the keyboard to type.' : 'Take over to type.')}</span>
      }
    >
      <WriterBar
        state={state}
        isAsked={isAsked}
        onTake={() => {
          link?.take();
          emulator?.terminal.focus();
        }}
        onRelease={() => link?.release()}
      />
    </EmulatorFrame>
  );
}

function standstillText(isOn: boolean, lost: boolean): string | undefined {
  if (!isOn) return 'The VM has stopped. This was its last output.';
  return lost ? 'The connection is lost. Reconnecting.' : undefined;
}
