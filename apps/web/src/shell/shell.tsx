import { isOperationError } from '@innkeeper/contract';
import { type JSX, lazy, Suspense, useState } from 'react';
import { Navigate, Outlet, useLocation } from 'react-router';
import { useMe } from '../api/session.ts';
import { ErrorNote } from '../components/error-note.tsx';
import { loadPageIcons } from '../components/icon.tsx';
import { LiveBanner } from './live-banner.tsx';
import { NavigationBar } from './navigation-bar.tsx';
import { RouteAnnouncer } from './route-announcer.tsx';
import { TopBar } from './top-bar.tsx';
import { useShortcuts } from './use-shortcuts.ts';

const Palette = lazy(async () => {
  const [{ Palette: component }] = await Promise.all([import('./palette.tsx'), loadPageIcons()]);
  return { default: component };
});
const KeyboardHelp = lazy(async () => ({ default: (await import('./keyboard-help.tsx')).KeyboardHelp }));

/** The frame around every page for logged-in users. Others are redirected to the login. */
export function Shell(): JSX.Element {
  const { me, error, refetch } = useMe();
  const location = useLocation();
  const [overlay, setOverlay] = useState<'palette' | 'help'>();
  const [navigationOpen, setNavigationOpen] = useState(false);
  useShortcuts({ openPalette: () => setOverlay('palette'), openHelp: () => setOverlay('help') });
  if (error !== null && isOperationError(error) && error.code === 'unauthenticated') {
    const next = `${location.pathname}${location.search}`;
    return <Navigate to={next === '/' ? '/login' : `/login?next=${encodeURIComponent(next)}`} replace />;
  }
  if (me === undefined) {
    return error === null ? (
      <div className="page-loading" role="status" aria-label="Loading" />
    ) : (
      <main className="shell-broken">
        <ErrorNote title="The daemon cannot be reached" error={error} onRetry={refetch} />
      </main>
    );
  }
  const close = (): void => setOverlay(undefined);
  return (
    <div className="shell">
      <a className="skip-link" href="#content">
        Skip to content
      </a>
      <NavigationBar open={navigationOpen} onClose={() => setNavigationOpen(false)} />
      <div className="shell-side">
        <TopBar
          me={me}
          onMenu={() => setNavigationOpen(true)}
          onSearch={() => setOverlay('palette')}
          onHelp={() => setOverlay('help')}
        />
        <LiveBanner />
        <main id="content" className="shell-content" tabIndex={-1}>
          <Outlet />
        </main>
      </div>
      <RouteAnnouncer />
      <Suspense>
        {overlay === 'palette' && <Palette onClose={close} onHelp={() => setOverlay('help')} />}
        {overlay === 'help' && <KeyboardHelp onClose={close} />}
      </Suspense>
    </div>
  );
}
