import { useComputedColorScheme } from '@mantine/core';
import { useEffect, useState } from 'react';
import { Emulator } from './emulator.ts';
import { useFontSize } from './font-size.ts';

export interface ShownEmulator {
  /** Ref for the element that contains the terminal. */
  readonly ref: (element: HTMLDivElement | null) => void;
  /** Undefined until the element is mounted. */
  readonly emulator: Emulator | undefined;
}

/** A terminal that exists while its element is mounted, with the current colours and font size. */
export function useEmulator(label: string): ShownEmulator {
  const [element, ref] = useState<HTMLDivElement | null>(null);
  const [emulator, setEmulator] = useState<Emulator>();
  const scheme = useComputedColorScheme('light');
  const { size } = useFontSize();
  useEffect(() => {
    if (element === null) return;
    const made = new Emulator(element, label);
    setEmulator(made);
    return () => {
      setEmulator(undefined);
      made.dispose();
    };
  }, [element, label]);
  useEffect(() => emulator?.setScheme(scheme), [emulator, scheme]);
  useEffect(() => emulator?.setFontSize(size), [emulator, size]);
  return { ref, emulator };
}
