import { type ComponentType, type JSX, type LazyExoticComponent, lazy, type ReactNode, Suspense } from 'react';
import { ErrorBoundary } from './components/error-boundary.tsx';
import { loadPageIcons } from './components/icon.tsx';
import { loadLaterStyles } from './styles/later-styles.ts';

/** The module of a page, whose only export is the component. */
type PageModule<P> = Readonly<Record<string, ComponentType<P>>>;

/**
 * Loads a page from its own chunk. `plain` pages use only Mantine components of the first style sheet
 * (tools/build-web/styles.ts), so they do not wait for the rest.
 */
export function lazyPage<P extends object = object>(
  load: () => Promise<PageModule<P>>,
  { plain = false }: { readonly plain?: boolean } = {},
): LazyExoticComponent<ComponentType<P>> {
  return lazy(async () => {
    const [module] = await Promise.all([
      load(),
      plain ? undefined : loadLaterStyles(),
      plain ? undefined : loadPageIcons(),
    ]);
    const [component] = Object.values(module);
    if (component === undefined) throw new Error('The module of a page has no export.');
    return { default: component };
  });
}

/** Shows a page, a placeholder while it loads, and an error if it fails. */
export function PageSlot({ page: Page }: { readonly page: ComponentType }): JSX.Element {
  return (
    <LoadingSlot>
      <Page />
    </LoadingSlot>
  );
}

/** The same for any lazy component. */
export function LoadingSlot({ children }: { readonly children: ReactNode }): JSX.Element {
  return (
    <ErrorBoundary>
      <Suspense fallback={<PageLoading />}>{children}</Suspense>
    </ErrorBoundary>
  );
}

function PageLoading(): JSX.Element {
  return (
    <div className="page-loading" role="status">
      <span className="visually-hidden">Loading</span>
    </div>
  );
}
