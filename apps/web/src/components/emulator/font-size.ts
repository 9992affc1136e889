import { useSyncExternalStore } from 'react';

const key = 'innkeeper-terminal-font-size';
const smallest = 9;
const largest = 28;
const usual = 14;
const listeners = new Set<() => void>();

function read(): number {
  try {
    return clamp(Number(localStorage.getItem(key) ?? usual));
  } catch {
    // Storage can be forbidden; then the size is not kept.
    return usual;
  }
}

function clamp(size: number): number {
  return Number.isInteger(size) ? Math.min(largest, Math.max(smallest, size)) : usual;
}

let current = read();

function change(size: number): void {
  current = clamp(size);
  try {
    localStorage.setItem(key, String(current));
  } catch {
    // As above.
  }
  for (const listener of listeners) listener();
}

/** The font size of all terminals, in pixels; kept in the browser. */
export function useFontSize(): { readonly size: number; readonly grow: (by: number) => void } {
  const size = useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => current,
  );
  return { size, grow: (by) => change(current + by) };
}
