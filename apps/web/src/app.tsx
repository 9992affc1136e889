import { isOperationError } from '@innkeeper/contract';
import { MantineProvider } from '@mantine/core';
import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import type { JSX } from 'react';
import { BrowserRouter, Route, Routes } from 'react-router';
import { HintLayer } from './components/hint-layer.tsx';
import { ToastArea } from './components/toasts.tsx';
import { lazyPage, PageSlot } from './lazy-page.tsx';
import { Shell } from './shell/shell.tsx';
import { theme } from './theme.ts';

const LoginPage = lazyPage(() => import('./pages/login/login-page.tsx'));
const OverviewPage = lazyPage(() => import('./pages/overview/overview-page.tsx'), { plain: true });
const VmsPage = lazyPage(() => import('./pages/vms/vms-page.tsx'));
const VmPage = lazyPage(() => import('./pages/vm/vm-page.tsx'));
const CreateVmPage = lazyPage(() => import('./pages/vms/create-vm-page.tsx'));
const RunsPage = lazyPage(() => import('./pages/runs/runs-page.tsx'));
const NewRunPage = lazyPage(() => import('./pages/runs/new-run-page.tsx'));
const RunPage = lazyPage(() => import('./pages/runs/run-page.tsx'));
const ImagesPage = lazyPage(() => import('./pages/images/images-page.tsx'));
const NodePage = lazyPage(() => import('./pages/node/node-page.tsx'));
const OperationsPage = lazyPage(() => import('./pages/operations/operations-page.tsx'));
const AuditPage = lazyPage(() => import('./pages/audit/audit-page.tsx'));
const SettingsPage = lazyPage(() => import('./pages/settings/settings-page.tsx'));
const NotFoundPage = lazyPage(() => import('./pages/not-found-page.tsx'));

const queries = new QueryClient({
  defaultOptions: {
    queries: {
      // Live data comes through the live socket. Other data may be 10 s old, and is refetched when the page regains
      // focus.
      staleTime: 10_000,
      // Only an unreachable daemon is worth a retry.
      retry: (count, error) => count < 3 && isOperationError(error) && error.code === 'unavailable',
    },
  },
});

/** The application: all pages and their routes. */
export function App(): JSX.Element {
  return (
    <MantineProvider theme={theme} defaultColorScheme="auto">
      <QueryClientProvider client={queries}>
        <BrowserRouter>
          <Routes>
            <Route path="/login" element={<PageSlot page={LoginPage} />} />
            <Route element={<Shell />}>
              <Route index element={<PageSlot page={OverviewPage} />} />
              <Route path="/vms" element={<PageSlot page={VmsPage} />} />
              <Route path="/vms/new" element={<PageSlot page={CreateVmPage} />} />
              <Route path="/vms/:vm/:tab?/*" element={<PageSlot page={VmPage} />} />
              <Route path="/runs" element={<PageSlot page={RunsPage} />} />
              <Route path="/runs/new" element={<PageSlot page={NewRunPage} />} />
              <Route path="/runs/:id" element={<PageSlot page={RunPage} />} />
              <Route path="/images" element={<PageSlot page={ImagesPage} />} />
              <Route path="/node" element={<PageSlot page={NodePage} />} />
              <Route path="/operations" element={<PageSlot page={OperationsPage} />} />
              <Route path="/audit" element={<PageSlot page={AuditPage} />} />
              <Route path="/settings/:section?" element={<PageSlot page={SettingsPage} />} />
              <Route path="*" element={<PageSlot page={NotFoundPage} />} />
            </Route>
          </Routes>
        </BrowserRouter>
        <ToastArea />
        <HintLayer />
      </QueryClientProvider>
    </MantineProvider>
  );
}
