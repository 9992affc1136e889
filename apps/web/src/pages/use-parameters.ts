import { useCallback, useMemo, useSyncExternalStore } from 'react';
import { useLocation, useNavigate } from 'react-router';

/** Values by name; an empty or missing value removes the parameter from the address. */
export type ParameterChanges = Readonly<Record<string, string | undefined>>;

const listeners = new Set<() => void>();

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  window.addEventListener('popstate', listener);
  return () => {
    listeners.delete(listener);
    window.removeEventListener('popstate', listener);
  };
}

/**
 * The parameters of the page's address, and a function that changes some of them. Unlike those of `useSearchParams`,
 * which change with the next rendering that React finds time for, they change at once: two changes right after each
 * other both count, and an input that shows a parameter keeps what is typed.
 */
export function useParameters({
  replace = true,
}: {
  readonly replace?: boolean;
} = {}): readonly [URLSearchParams, (changes: ParameterChanges) => void] {
  const rendered = useLocation();
  const navigate = useNavigate();
  const search = useSyncExternalStore(subscribe, () => window.location.search);
  // While another page is being loaded, this one stays as it was.
  const current = window.location.pathname === rendered.pathname ? search : rendered.search;
  const parameters = useMemo(() => new URLSearchParams(current), [current]);
  const change = useCallback(
    (changes: ParameterChanges): void => {
      const next = new URLSearchParams(window.location.search);
      for (const [name, value] of Object.entries(changes))
        if (value === undefined || value === '') next.delete(name);
        else next.set(name, value);
      void navigate(`?${next}`, { replace });
      for (const listener of listeners) listener();
    },
    [navigate, replace],
  );
  return [parameters, change];
}
