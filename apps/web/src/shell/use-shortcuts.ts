import { useEffect, useEffectEvent } from 'react';
import { useNavigate } from 'react-router';
import { navigation } from './navigation.ts';

/** Maximum time between "g" and the next letter. */
const sequenceMs = 1500;

/** Shortcuts of every page: ⌘K, `/`, `?`, `j`, `k`, arrows, and `g` with a letter. Disabled while typing, except ⌘K. */
export function useShortcuts(actions: { readonly openPalette: () => void; readonly openHelp: () => void }): void {
  const navigate = useNavigate();
  const openPalette = useEffectEvent(actions.openPalette);
  const openHelp = useEffectEvent(actions.openHelp);
  useEffect(() => {
    let goneMs = Number.NEGATIVE_INFINITY;
    const onKey = (event: KeyboardEvent): void => {
      if (event.key.toLowerCase() === 'k' && (event.metaKey || event.ctrlKey) && !event.altKey) {
        if (isTerminal(event.target)) return;
        event.preventDefault();
        openPalette();
        return;
      }
      if (event.defaultPrevented || event.metaKey || event.ctrlKey || event.altKey) return;
      // From a filter, the arrow leads to what it found.
      const leaves =
        event.key === 'ArrowDown' && event.target instanceof Element && event.target.matches('[data-filter]');
      if (isTyping(event.target) && !leaves) return;
      if (document.querySelector('dialog[open], [role="dialog"]') !== null) return;
      const going = performance.now() - goneMs < sequenceMs;
      goneMs = Number.NEGATIVE_INFINITY;
      const entry = going ? navigation.find(({ key }) => key === event.key) : undefined;
      if (entry !== undefined) void navigate(entry.path);
      else if (event.key === 'g') goneMs = performance.now();
      else if (event.key === '?') openHelp();
      else if (event.key === '/') {
        const filter = document.querySelector<HTMLInputElement>('[data-filter]');
        if (filter === null) openPalette();
        else filter.focus();
      } else if (isListKey(event)) void moveInList(event.key);
      else return;
      event.preventDefault();
    };
    document.addEventListener('keydown', onKey);
    return () => document.removeEventListener('keydown', onKey);
  }, [navigate]);
}

/** `j` and `k` always; arrows only where they would do nothing else. */
function isListKey({ key, target }: KeyboardEvent): boolean {
  if (document.querySelector('[data-list-item]') === null) return false;
  if (key === 'j' || key === 'k') return true;
  const idle =
    target === document.body || (target instanceof Element && target.matches('#content, nav a, [data-filter]'));
  return (
    (key === 'ArrowDown' || key === 'ArrowUp') &&
    (idle || (target instanceof Element && target.matches('[data-list-item]')))
  );
}

async function moveInList(key: string): Promise<void> {
  const { focusInList } = await import('./focus-in-list.ts');
  focusInList(key === 'j' || key === 'ArrowDown' ? 1 : -1);
}

function isTyping(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement &&
    (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName) || isTerminal(target))
  );
}

/** A terminal receives every key, including Ctrl+K. */
function isTerminal(target: EventTarget | null): boolean {
  return target instanceof Element && target.closest('.xterm') !== null;
}
