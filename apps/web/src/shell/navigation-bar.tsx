import { type JSX, useEffect } from 'react';
import { NavLink, useLocation } from 'react-router';
import { hasPrivilege, useMe } from '../api/session.ts';
import { Icon } from '../components/icon.tsx';
import { navigation } from './navigation.ts';

/** The main navigation. On a narrow screen it covers the page until an entry is chosen. */
export function NavigationBar({
  open,
  onClose,
}: {
  readonly open: boolean;
  readonly onClose: () => void;
}): JSX.Element {
  const { me } = useMe();
  const { pathname } = useLocation();
  // biome-ignore lint/correctness/useExhaustiveDependencies: closes when the address changes
  useEffect(onClose, [pathname]);
  const entries = navigation.filter(({ privilege }) => privilege === undefined || hasPrivilege(me, privilege));
  return (
    <>
      {open && <button type="button" className="nav-veil" aria-label="Close navigation" onClick={onClose} />}
      <nav className={open ? 'nav open' : 'nav'} aria-label="Main">
        <NavLink to="/" className="nav-brand">
          <svg width="26" height="26" viewBox="0 0 32 32" aria-hidden="true">
            <rect width="32" height="32" rx="8" fill="#3451b2" />
            <path
              d="M8 24V13.5L16 7l8 6.5V24"
              fill="none"
              stroke="#fff"
              strokeWidth="2.4"
              strokeLinejoin="round"
              strokeLinecap="round"
            />
            <circle cx="16" cy="17.5" r="3.4" fill="#ffc94d" />
          </svg>
          Innkeeper
        </NavLink>
        <ul>
          {entries.map(({ path, label, icon }) => (
            <li key={path}>
              <NavLink to={path} end={path === '/'} className="nav-link">
                <Icon name={icon} />
                {label}
              </NavLink>
            </li>
          ))}
        </ul>
      </nav>
    </>
  );
}
