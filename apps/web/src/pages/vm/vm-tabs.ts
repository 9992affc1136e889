import { lazyPage } from '../../lazy-page.tsx';

import type { VmTab } from './vm-tab.ts';

/** The tabs of a VM's page, in order. Each is one entry here and one lazily loaded file. */
export const vmTabs: readonly VmTab[] = [
  { key: 'overview', label: 'Overview', component: lazyPage(() => import('./overview-tab.tsx')) },
  { key: 'metrics', label: 'Metrics', component: lazyPage(() => import('./metrics-tab.tsx')) },
  {
    key: 'terminal',
    label: 'Terminal',
    privilege: 'guest.exec',
    fill: true,
    component: lazyPage(() => import('./terminal-tab.tsx')),
  },
  {
    key: 'console',
    label: 'Console',
    privilege: 'vm.console',
    fill: true,
    component: lazyPage(() => import('./console-tab.tsx')),
  },
  { key: 'files', label: 'Files', privilege: 'guest.file.read', component: lazyPage(() => import('./files-tab.tsx')) },
  { key: 'processes', label: 'Processes', component: lazyPage(() => import('./processes-tab.tsx')) },
  { key: 'network', label: 'Network', component: lazyPage(() => import('./network-tab.tsx')) },
  { key: 'services', label: 'Services', component: lazyPage(() => import('./services-tab.tsx')) },
  { key: 'logs', label: 'Logs', fill: true, component: lazyPage(() => import('./logs-tab.tsx')) },
  { key: 'inventory', label: 'Inventory', component: lazyPage(() => import('./inventory-tab.tsx')) },
  {
    key: 'accounts',
    label: 'Accounts',
    privilege: 'guest.admin',
    component: lazyPage(() => import('./accounts-tab.tsx')),
  },
  { key: 'runs', label: 'Runs', component: lazyPage(() => import('./runs-tab.tsx')) },
  { key: 'agent', label: 'Agent', component: lazyPage(() => import('./agent-tab.tsx')) },
  { key: 'events', label: 'Events', component: lazyPage(() => import('./events-tab.tsx')) },
];
