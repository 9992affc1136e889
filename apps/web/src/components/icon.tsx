import type { JSX } from 'react';
import { type IconName, iconPaths } from './icon-paths.ts';

export type { IconName } from './icon-paths.ts';

let paths: Partial<Record<IconName, string>> = iconPaths;

/** Loads the icons of pages. What shows them waits for it: lazyPage() and the palette. */
export async function loadPageIcons(): Promise<void> {
  const { pageIconPaths } = await import('./page-icon-paths.ts');
  paths = { ...iconPaths, ...pageIconPaths };
}

/** An icon. It is hidden from screen readers, so a button without text needs a label. */
export function Icon({ name, size = 18 }: { readonly name: IconName; readonly size?: number }): JSX.Element {
  return (
    <svg
      width={size}
      height={size}
      viewBox="0 0 24 24"
      fill="none"
      stroke="currentColor"
      strokeWidth={name === 'more' ? 3 : 1.8}
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
      focusable="false"
      style={{ flex: 'none' }}
    >
      <path d={paths[name]} />
    </svg>
  );
}
