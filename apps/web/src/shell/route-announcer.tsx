import { type JSX, useEffect, useRef, useState } from 'react';
import { useLocation } from 'react-router';

/** Announces page changes to screen readers, and moves the focus to the new page. */
export function RouteAnnouncer(): JSX.Element {
  const { pathname } = useLocation();
  const [title, setTitle] = useState('');
  const first = useRef(true);
  // biome-ignore lint/correctness/useExhaustiveDependencies: runs when the address changes
  useEffect(() => {
    if (first.current) {
      first.current = false;
      return;
    }
    // The page sets its title in an effect, once it is loaded.
    const timer = setTimeout(() => {
      setTitle(document.title);
      const { activeElement } = document;
      if (activeElement === null || activeElement === document.body || activeElement.closest('nav') !== null)
        document.getElementById('content')?.focus({ preventScroll: true });
    }, 150);
    return () => clearTimeout(timer);
  }, [pathname]);
  return (
    <div className="visually-hidden" aria-live="assertive">
      {title}
    </div>
  );
}
