/** Moves the focus to the next or previous entry of the page's list; to the first one if it is elsewhere. */
export function focusInList(by: 1 | -1): void {
  const items = [...document.querySelectorAll<HTMLElement>('#content [data-list-item]')];
  const at = items.findIndex((item) => item.contains(document.activeElement));
  // A virtualized list has rows before the visible ones; its first one is reachable by Tab.
  const first = items.find((item) => item.tabIndex === 0) ?? items[0];
  const next = at < 0 ? first : items[Math.min(Math.max(at + by, 0), items.length - 1)];
  next?.focus();
  next?.scrollIntoView({ block: 'nearest' });
}
