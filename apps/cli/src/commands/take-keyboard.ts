import { type DeadlySignal, onDeadlySignal } from '../ended-by-signal.ts';

export interface KeyboardOptions {
  /** The key that leaves; undefined: there is none. */
  readonly leaveKey: number | undefined;
  readonly onKeys: (bytes: Uint8Array) => void;
  /** The key that leaves, or a signal that asks us to end. */
  readonly onLeave: (signal?: DeadlySignal) => void;
  /** Input that is no terminal came to its end. */
  readonly onEnd: () => void;
}

/**
 * What is typed goes on key by key, ^C among it; input that is no terminal goes on as it is, and has no key that leaves.
 * The function returned puts the terminal back.
 */
export function takeKeyboard({ leaveKey, onKeys, onLeave, onEnd }: KeyboardOptions): () => void {
  const { stdin } = process;
  const isTerminal = stdin.isTTY === true;
  const onData = (bytes: Buffer): void => {
    const at = !isTerminal || leaveKey === undefined ? -1 : bytes.indexOf(leaveKey);
    if (at !== 0) onKeys(at < 0 ? bytes : bytes.subarray(0, at));
    if (at >= 0) onLeave();
  };
  if (isTerminal) stdin.setRawMode(true);
  stdin.on('data', onData);
  stdin.once('end', onEnd);
  // The window was closed, or we are told to go: what is looked at stays.
  const release = onDeadlySignal(onLeave);
  return () => {
    release();
    stdin.off('data', onData);
    stdin.off('end', onEnd);
    if (isTerminal) stdin.setRawMode(false);
    stdin.destroy();
  };
}
