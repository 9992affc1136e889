import { onTerminationSignal, type TerminationSignal } from '../ended-by-signal.ts';
import { watchLongLines } from './long-lines.ts';

interface KeyboardOptions {
  /** Byte of the key that detaches; undefined for no such key. */
  readonly detachKey: number | undefined;
  /** Returns whether they were sent to the guest. */
  readonly onKeys: (bytes: Uint8Array) => boolean;
  /** Called for the detach key, and with the signal if one asks this process to end. */
  readonly onDetach: (signal?: TerminationSignal) => void;
  /** Called at the end of an input that is not a terminal. */
  readonly onEnd: () => void;
}

/**
 * Passes every key of the terminal on, ^C included. Input that is not a terminal is passed on unchanged and has no detach
 * key. The returned function restores the terminal, and warns of lines that the guest may have cut.
 */
export function captureKeyboard({ detachKey, onKeys, onDetach, onEnd }: KeyboardOptions): () => void {
  const { stdin } = process;
  const isTerminal = stdin.isTTY === true;
  const longLines = watchLongLines();
  const onData = (bytes: Buffer): void => {
    const at = !isTerminal || detachKey === undefined ? -1 : bytes.indexOf(detachKey);
    if (at !== 0) {
      const keys = at < 0 ? bytes : bytes.subarray(0, at);
      if (onKeys(keys)) longLines.add(keys);
    }
    if (at >= 0) onDetach();
  };
  if (isTerminal) stdin.setRawMode(true);
  stdin.on('data', onData);
  stdin.once('end', onEnd);
  // A failed read ends the input. Kept after the release, since destroying it can fail too.
  stdin.on('error', onEnd);
  // Detach, and do not end what runs in the guest.
  const release = onTerminationSignal(onDetach);
  return () => {
    release();
    stdin.off('data', onData);
    stdin.off('end', onEnd);
    if (isTerminal) stdin.setRawMode(false);
    stdin.destroy();
    longLines.report();
  };
}
