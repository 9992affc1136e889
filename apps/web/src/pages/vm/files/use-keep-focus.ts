import { type FocusEvent, useLayoutEffect, useRef } from 'react';

/**
 * Keeps the keyboard's place in a table whose focused row goes away: the row that took its place gets the focus. `rows` is
 * what the table shows; the handler goes on the table.
 */
export function useKeepFocus(rows: unknown): (event: FocusEvent<HTMLElement>) => void {
  const last = useRef<{ readonly table: HTMLElement; readonly element: Element; readonly index: number }>(undefined);
  // biome-ignore lint/correctness/useExhaustiveDependencies: to be checked when the rows change
  useLayoutEffect(() => {
    const before = last.current;
    if (before === undefined || before.element.isConnected || document.activeElement !== document.body) return;
    const items = [...before.table.querySelectorAll<HTMLElement>('tbody [data-list-item]')];
    (items[Math.min(before.index, items.length - 1)] ?? before.table).focus({ preventScroll: true });
  }, [rows]);
  return ({ currentTarget, target }) => {
    const row = target.closest('tbody tr');
    const index = row === null ? 0 : [...(row.parentElement?.children ?? [])].indexOf(row);
    last.current = { table: currentTarget, element: target, index };
  };
}
