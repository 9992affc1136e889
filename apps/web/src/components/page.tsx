import { type JSX, type ReactNode, useEffect } from 'react';

export interface PageProps {
  readonly title: string;
  /** Title of the browser window. Default: `title`. */
  readonly windowTitle?: string;
  /** Shown next to the title: a count, a state. */
  readonly aside?: ReactNode;
  /** Buttons, at the right. */
  readonly actions?: ReactNode;
  readonly children: ReactNode;
  /** The page fills the window and its content scrolls, as for a long table. */
  readonly fill?: boolean;
}

/** The frame of every page: title (also of the window), actions and content. */
export function Page({ title, windowTitle = title, aside, actions, children, fill = false }: PageProps): JSX.Element {
  useEffect(() => {
    document.title = `${windowTitle} · Innkeeper`;
  }, [windowTitle]);
  return (
    <div className={fill ? 'page fill' : 'page'}>
      <header className="page-head">
        <h1>{title}</h1>
        {aside}
        <div className="grow" />
        {actions}
      </header>
      {children}
    </div>
  );
}
