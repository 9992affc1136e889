import { type JSX, useEffect, useRef } from 'react';
import { Link } from 'react-router';
import { Icon } from './icon.tsx';

export interface TabLink {
  readonly key: string;
  readonly label: string;
  readonly path: string;
  /** Why the tab cannot be opened. */
  readonly disabled?: string | undefined;
}

/** Tabs, each with its own address. */
export function TabBar({
  label,
  tabs,
  active,
}: {
  readonly label: string;
  readonly tabs: readonly TabLink[];
  readonly active: string;
}): JSX.Element {
  const current = useRef<HTMLAnchorElement>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: scrolls the active tab into view on a narrow screen
  useEffect(() => {
    current.current?.scrollIntoView({ block: 'nearest', inline: 'center' });
  }, [active]);
  return (
    <nav className="tab-bar" aria-label={label}>
      {tabs.map(({ key, label: text, path, disabled }) =>
        disabled === undefined ? (
          <Link
            key={key}
            ref={key === active ? current : null}
            to={path}
            className="tab-link"
            aria-current={key === active ? 'page' : undefined}
          >
            {text}
          </Link>
        ) : (
          <span key={key} className="tab-link disabled" data-hint={disabled}>
            <Icon name="lock" size={13} />
            {text}
            <span className="visually-hidden">: {disabled}</span>
          </span>
        ),
      )}
    </nav>
  );
}
