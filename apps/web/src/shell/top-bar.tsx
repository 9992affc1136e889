import type { Me } from '@innkeeper/contract/control';
import type { JSX } from 'react';
import { Icon } from '../components/icon.tsx';
import { OperationsIndicator } from './operations-indicator.tsx';
import { ThemeButton } from './theme-button.tsx';
import { UserMenu } from './user-menu.tsx';

export interface TopBarProps {
  readonly me: Me;
  readonly onMenu: () => void;
  readonly onSearch: () => void;
  readonly onHelp: () => void;
}

const isApple = /Mac|iPhone|iPad/.test(navigator.userAgent);

/** The top bar: search, operations, theme, help and user menu. */
export function TopBar({ me, onMenu, onSearch, onHelp }: TopBarProps): JSX.Element {
  return (
    <header className="top-bar">
      <button type="button" className="icon-button top-bar-menu" aria-label="Open navigation" onClick={onMenu}>
        <Icon name="menu" />
      </button>
      <button type="button" className="top-bar-search" onClick={onSearch} aria-keyshortcuts="Control+K Meta+K">
        <Icon name="search" size={16} />
        <span className="grow">Search or run an action</span>
        <kbd>{isApple ? '⌘K' : 'Ctrl K'}</kbd>
      </button>
      <div className="grow" />
      <OperationsIndicator />
      <ThemeButton />
      <button
        type="button"
        className="icon-button top-bar-help"
        aria-label="Keyboard help"
        data-hint="Keyboard help (?)"
        onClick={onHelp}
      >
        <Icon name="help" />
      </button>
      <UserMenu me={me} />
    </header>
  );
}
