import { onSignal } from 'host';

type Listener = () => void;

const listeners = new Map<number, Set<Listener>>();
let installed = false;

/**
 * Calls back at every occurrence of a signal (several may be merged into one); the returned function removes the
 * callback.
 */
export function onEverySignal(signal: number, listener: Listener): () => void {
  if (!installed) {
    installed = true;
    onSignal((number) => {
      for (const each of [...(listeners.get(number) ?? [])]) each();
    });
  }
  const set = listeners.get(signal) ?? new Set();
  listeners.set(signal, set);
  set.add(listener);
  return () => set.delete(listener);
}
