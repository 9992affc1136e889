import { useEffect, useState } from 'react';

/** Chromium's Keyboard Lock API, by which a full-screen page receives keys that the browser would handle. */
interface KeyboardLock {
  lock?: (codes: readonly string[]) => Promise<void>;
}

/**
 * Expands an element to the whole window; and to the whole screen in browsers where Escape can still be sent to the
 * guest. In others, Escape would exit full screen instead of, say, leaving an editor's mode.
 */
export function useFullWindow(): readonly [full: boolean, toggle: () => void] {
  const [full, setFull] = useState(false);
  useEffect(() => {
    const onChange = (): void => {
      if (document.fullscreenElement === null) setFull(false);
    };
    document.addEventListener('fullscreenchange', onChange);
    return () => {
      document.removeEventListener('fullscreenchange', onChange);
      leave();
    };
  }, []);
  const toggle = (): void => {
    setFull(!full);
    if (full) leave();
    else void enter();
  };
  return [full, toggle];
}

async function enter(): Promise<void> {
  const { keyboard } = navigator as { readonly keyboard?: KeyboardLock };
  if (keyboard?.lock === undefined) return;
  try {
    await document.documentElement.requestFullscreen();
    await keyboard.lock(['Escape']);
  } catch {
    // Not permitted: the element fills the window only.
  }
}

function leave(): void {
  if (document.fullscreenElement !== null) void document.exitFullscreen();
}
