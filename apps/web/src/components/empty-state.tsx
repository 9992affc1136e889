import type { JSX, ReactNode } from 'react';
import { InnCommand } from './inn-command.tsx';

export interface EmptyStateProps {
  readonly title: string;
  /** What this place is for, and what to do. */
  readonly children: ReactNode;
  /** The one thing to do now. */
  readonly action?: ReactNode;
  /** The same on the command line. */
  readonly command?: string | undefined;
}

/** A place with nothing in it says what to do. */
export function EmptyState({ title, children, action, command }: EmptyStateProps): JSX.Element {
  return (
    <div className="empty-state">
      <h2>{title}</h2>
      <p className="dim">{children}</p>
      {action}
      {command !== undefined && <InnCommand command={command} />}
    </div>
  );
}
