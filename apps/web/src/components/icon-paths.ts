import type { pageIconPaths } from './page-icon-paths.ts';

/** Outline icons on a 24-pixel grid, named by what they mean: each has one meaning, and each meaning one icon. */
export const iconPaths = {
  overview: 'M4 13h6V4H4v9Zm0 7h6v-4H4v4Zm10 0h6v-9h-6v9Zm0-16v4h6V4h-6Z',
  vms: 'M4 5h16v6H4zM4 13h16v6H4zM8 8h.01M8 16h.01M12 8h4M12 16h4',
  runs: 'M6 4h12v16H6zM10 9l4.5 3-4.5 3z',
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
  help: 'M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18ZM9.5 9.5c0-1.5 1.1-2.5 2.5-2.5s2.5 1 2.5 2.3c0 1.7-2.5 2-2.5 3.7M12 16.5h.01',
  alert: 'M12 4 3 20h18zM12 10v4M12 17h.01',
  info: 'M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18ZM12 11v5M12 8h.01',
  logout: 'M14 4H5v16h9M10 12h10M17 9l3 3-3 3',
  key: 'M14.5 4a5.5 5.5 0 1 0 0 11 5.5 5.5 0 0 0 0-11ZM10.5 13.5 4 20M6 18l2 2',
  images: 'M12 4c5 0 8 1.3 8 3v10c0 1.7-3 3-8 3s-8-1.3-8-3V7c0-1.7 3-3 8-3ZM4 12c0 1.7 3 3 8 3s8-1.3 8-3',
  node: 'M4 6h16v12H4zM8 18v3M16 18v3M8 10h8M8 14h3',
  busy: 'M12 3a9 9 0 1 0 9 9M12 7v5l3 2',
  token: 'M4 7h16v3a2 2 0 0 0 0 4v3H4v-3a2 2 0 0 0 0-4zM14 8v1M14 12v.01M14 15v1',
} as const;

export type IconName = keyof typeof iconPaths | keyof typeof pageIconPaths;
