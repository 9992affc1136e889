import { useSyncExternalStore } from 'react';

const key = 'innkeeper-terminal-font-size';
const smallest = 9;
const largest = 28;
const defaultSize = 14;
const listeners = new Set<() => void>();

function read(): number {
  try {
    return clamp(Number(localStorage.getItem(key) ?? defaultSize));
  } catch {
    // Storage may be blocked; the size is then not kept.
    return defaultSize;
  }
}

function clamp(size: number): number {
  return Number.isInteger(size) ? Math.min(largest, Math.max(smallest, size)) : defaultSize;
}

let current = read();

function change(size: number): void {
  current = clamp(size);
  try {
    localStorage.setItem(key, String(current));
  } catch {
    // Storage may be blocked.
  }
  for (const listener of listeners) listener();
}

/** The font size of all terminals, in pixels; stored in the browser. */
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
