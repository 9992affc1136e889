import { type JSX, type ReactNode, useEffect } from 'react';

export interface PageProps {
  readonly title: string;
  /** In the window, where it shall say more than the title. */
  readonly windowTitle?: string;
  /** Beside the title: a count, a state. */
  readonly beside?: ReactNode;
  /** Buttons at the right. */
  readonly actions?: ReactNode;
  readonly children: ReactNode;
  /** The page fills the window and scrolls inside, as a long table does. */
  readonly fill?: boolean;
}

/** The frame of every page: its title, in the window and for screen readers too, and its actions. */
export function Page({ title, windowTitle = title, beside, actions, children, fill = false }: PageProps): JSX.Element {
  useEffect(() => {
    document.title = `${windowTitle} · Innkeeper`;
  }, [windowTitle]);
  return (
    <div className={fill ? 'page fill' : 'page'}>
      <header className="page-head">
        <h1>{title}</h1>
        {beside}
        <div className="grow" />
        {actions}
      </header>
      {children}
    </div>
  );
}
