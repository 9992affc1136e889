import { useEffect, useState } from 'react';

/** Of Chromium: keys that a page in full screen gets although the browser wants them. */
interface KeyboardLock {
  lock?: (codes: readonly string[]) => Promise<void>;
}

/**
 * Lets a part of a page have the whole window, and the whole screen where Escape stays the guest's then: elsewhere it
 * would end the full screen instead of leaving an editor's mode.
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
    // Not allowed here: the whole window it is.
  }
}

function leave(): void {
  if (document.fullscreenElement !== null) void document.exitFullscreen();
}
