import type { Me } from '@innkeeper/contract/control';
import { type JSX, useEffect, useId, useRef } from 'react';
import { Link, useNavigate } from 'react-router';
import { api } from '../api/api.ts';
import { useSessionChange } from '../api/session.ts';
import { Icon } from '../components/icon.tsx';
import { showToast } from '../components/toasts.tsx';

/** The menu of the logged-in user. */
export function UserMenu({ me }: { readonly me: Me }): JSX.Element {
  const menu = useRef<HTMLDetailsElement>(null);
  const navigate = useNavigate();
  const changeSession = useSessionChange();
  const id = useId();
  useEffect(() => {
    const close = (event: Event): void => {
      const { current } = menu;
      if (current === null || !current.open) return;
      const escaped = event instanceof KeyboardEvent && event.key === 'Escape';
      const outside = event.type === 'pointerdown' && event.target instanceof Node && !current.contains(event.target);
      if (escaped || outside) current.open = false;
      if (escaped) current.querySelector('summary')?.focus();
    };
    document.addEventListener('pointerdown', close);
    document.addEventListener('keydown', close);
    return () => {
      document.removeEventListener('pointerdown', close);
      document.removeEventListener('keydown', close);
    };
  }, []);
  const logOut = async (): Promise<void> => {
    try {
      await api.access.logout({});
      changeSession(undefined);
      void navigate('/login');
    } catch (error) {
      showToast({ id: 'logout', tone: 'bad', title: 'You are still logged in', error });
    }
  };
  return (
    <details ref={menu} className="user-menu">
      <summary aria-label={`User ${me.user}`} aria-controls={id}>
        <span className="user-menu-face" aria-hidden="true">
          {me.user.slice(0, 1).toUpperCase()}
        </span>
      </summary>
      <div id={id} className="user-menu-list">
        <div className="user-menu-name">
          <strong>{me.user}</strong>
          <span className="dim">{me.roles.map(({ role }) => role).join(', ')}</span>
        </div>
        <Link to="/settings/password" onClick={() => menu.current?.removeAttribute('open')}>
          <Icon name="key" /> My password
        </Link>
        <Link to="/settings/tokens" onClick={() => menu.current?.removeAttribute('open')}>
          <Icon name="token" /> My tokens
        </Link>
        {me.via === 'session' && (
          <button type="button" onClick={() => void logOut()}>
            <Icon name="logout" /> Log out
          </button>
        )}
      </div>
    </details>
  );
}
