import type { JSX } from 'react';

/** Outline icons on a 24-pixel grid. */
const paths = {
  overview: 'M4 13h6V4H4v9Zm0 7h6v-4H4v4Zm10 0h6v-9h-6v9Zm0-16v4h6V4h-6Z',
  vms: 'M4 5h16v6H4zM4 13h16v6H4zM8 8h.01M8 16h.01M12 8h4M12 16h4',
  runs: 'M5 5h14v14H5zM9 10l2.5 2L9 14M13 15h3',
  operations: 'M4 7h10M4 12h16M4 17h7M18 5v4M15 17a2 2 0 1 0 4 0 2 2 0 0 0-4 0',
  audit: 'M6 3h9l4 4v14H6zM14 3v5h5M9 12h7M9 16h7',
  settings:
    'M12 9a3 3 0 1 0 0 6 3 3 0 0 0 0-6ZM19 12l2-1-1.5-3.5-2.2.5-1.3-1.3.5-2.2L13 3l-1 2-1-2-3.5 1.5.5 2.2-1.3 1.3L4.5 7.5 3 11l2 1-2 1 1.5 3.5 2.2-.5 1.3 1.3-.5 2.2L11 21l1-2 1 2 3.5-1.5-.5-2.2 1.3-1.3 2.2.5L21 13z',
  search: 'M11 4a7 7 0 1 0 0 14 7 7 0 0 0 0-14ZM20 20l-4-4',
  sun: 'M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8ZM12 2v2M12 20v2M2 12h2M20 12h2M5 5l1.4 1.4M17.6 17.6 19 19M5 19l1.4-1.4M17.6 6.4 19 5',
  moon: 'M20 14.5A8.5 8.5 0 0 1 9.5 4 8.5 8.5 0 1 0 20 14.5Z',
  user: 'M12 4a4 4 0 1 0 0 8 4 4 0 0 0 0-8ZM4.5 20c1.2-3.5 4-5 7.5-5s6.3 1.5 7.5 5',
  menu: 'M4 6h16M4 12h16M4 18h16',
  close: 'M6 6l12 12M18 6 6 18',
  check: 'M5 12.5l4.5 4.5L19 7',
  copy: 'M9 9h11v11H9zM5 15H4V4h11v1',
  play: 'M8 5l11 7-11 7z',
  stop: 'M6 6h12v12H6z',
  restart: 'M20 11a8 8 0 1 0-2.3 6M20 5v6h-6',
  bolt: 'M13 3 5 14h6l-1 7 8-11h-6z',
  trash: 'M5 7h14M10 7V4h4v3M7 7l1 13h8l1-13',
  plus: 'M12 5v14M5 12h14',
  columns: 'M4 5h16v14H4zM10 5v14M15 5v14',
  more: 'M6 12h.01M12 12h.01M18 12h.01',
  help: 'M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18ZM9.5 9.5c0-1.5 1.1-2.5 2.5-2.5s2.5 1 2.5 2.3c0 1.7-2.5 2-2.5 3.7M12 16.5h.01',
  alert: 'M12 4 3 20h18zM12 10v4M12 17h.01',
  info: 'M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18ZM12 11v5M12 8h.01',
  terminal: 'M4 5h16v14H4zM8 10l3 2.5L8 15M13 15h3',
  keyboard: 'M3 6h18v12H3zM7 10h.01M10.5 10h.01M14 10h.01M17 10h.01M8 14h8',
  smaller: 'M4 19 9 6l5 13M6 14.5h6M16 10h5',
  larger: 'M3 19 8 6l5 13M5 14.5h6M15.5 10h6M18.5 7v6',
  paste: 'M9 4h6v4H9zM9 6H5v15h14V6h-4',
  expand: 'M4 9V4h5M15 4h5v5M20 15v5h-5M9 20H4v-5',
  shrink: 'M9 4v5H4M20 9h-5V4M15 20v-5h5M4 15h5v5',
  lock: 'M6 11h12v9H6zM9 11V8a3 3 0 0 1 6 0v3',
  logout: 'M14 4H5v16h9M10 12h10M17 9l3 3-3 3',
  up: 'M6 14l6-6 6 6',
  down: 'M6 10l6 6 6-6',
  right: 'M10 6l6 6-6 6',
  download: 'M12 4v11M7 11l5 5 5-5M5 20h14',
  key: 'M14.5 4a5.5 5.5 0 1 0 0 11 5.5 5.5 0 0 0 0-11ZM10.5 13.5 4 20M6 18l2 2',
} as const;

export type IconName = keyof typeof paths;

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
