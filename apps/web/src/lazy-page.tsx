import { type ComponentType, type JSX, type LazyExoticComponent, lazy, type ReactNode, Suspense } from 'react';
import { ErrorBoundary } from './components/error-boundary.tsx';
import { loadLaterStyles } from './styles/later-styles.ts';

/** A page has one export: the component. */
type PageModule<P> = Readonly<Record<string, ComponentType<P>>>;

/**
 * A page in a chunk of its own. `plain` pages use no Mantine
 * component beyond those of the first style sheet (tools/build-web/styles.ts), so they need not wait for the rest.
 */
export function lazyPage<P extends object = object>(
  load: () => Promise<PageModule<P>>,
  { plain = false }: { readonly plain?: boolean } = {},
): LazyExoticComponent<ComponentType<P>> {
  return lazy(async () => {
    const [module] = await Promise.all([load(), plain ? undefined : loadLaterStyles()]);
    const [component] = Object.values(module);
    if (component === undefined) throw new Error('A page exports nothing.');
    return { default: component };
  });
}

/** Shows a page, what stands there while it loads, and what happened when it breaks. */
export function PageSlot({ page: Page }: { readonly page: ComponentType }): JSX.Element {
  return (
    <LoadingSlot>
      <Page />
    </LoadingSlot>
  );
}

/** The same for anything lazy that takes properties. */
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
