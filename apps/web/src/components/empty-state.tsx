import type { JSX, ReactNode } from 'react';
import { InnCommand } from './inn-command.tsx';

export interface EmptyStateProps {
  readonly title: string;
  /** What appears here, and what to do. */
  readonly children: ReactNode;
  /** The main action. */
  readonly action?: ReactNode;
  /** The `inn` command for the action. */
  readonly command?: string | undefined;
}

/** Placeholder for an empty page or list, with the next step. */
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
