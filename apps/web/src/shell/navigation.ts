import type { IconName } from '../components/icon.tsx';

export interface NavigationEntry {
  readonly path: string;
  readonly label: string;
  readonly icon: IconName;
  /** Key to press after "g". */
  readonly key: string;
  /** The entry is shown only with this privilege. */
  readonly privilege?: string;
}

/** The main pages of the console, in the order of the navigation, the palette and the keyboard help. */
export const navigation: readonly NavigationEntry[] = [
  { path: '/', label: 'Overview', icon: 'overview', key: 'o' },
  { path: '/vms', label: 'Virtual machines', icon: 'vms', key: 'v' },
  { path: '/runs', label: 'Runs', icon: 'runs', key: 'r' },
  { path: '/images', label: 'Images', icon: 'images', key: 'i' },
  { path: '/node', label: 'Node', icon: 'node', key: 'n' },
  { path: '/operations', label: 'Operations', icon: 'operations', key: 'p' },
  { path: '/audit', label: 'Audit', icon: 'audit', key: 'a', privilege: 'audit.view' },
  { path: '/settings', label: 'Settings', icon: 'settings', key: 's' },
];
