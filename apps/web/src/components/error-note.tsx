import { toOperationError } from '@innkeeper/client/browser';
import type { JSX } from 'react';
import { CopyButton } from './copy-button.tsx';
import { Icon } from './icon.tsx';

export interface ErrorNoteProps {
  /** What failed: "The VM was not started". */
  readonly title: string;
  readonly error: unknown;
  /** Handler of the "Try again" button. */
  readonly onRetry?: (() => void) | undefined;
}

/** Shows an error: what happened, why, and what to do next. All errors are shown this way. */
export function ErrorNote({ title, error, onRetry }: ErrorNoteProps): JSX.Element {
  const { message, nextStep, reason } = toOperationError(error);
  return (
    <div className="error-note" role="alert">
      <Icon name="alert" size={20} />
      <div className="grow">
        <div className="error-note-title">{title}</div>
        <div>{message}</div>
        {nextStep !== '' && <div className="error-note-next">{nextStep}</div>}
        <div className="row wrap error-note-foot">
          <code>{reason}</code>
          <CopyButton text={`${title}\n${message}\n${nextStep}\n${reason}`} label="Copy the error" />
          {onRetry !== undefined && (
            <button type="button" className="plain-button error-note-retry" onClick={onRetry}>
              Try again
            </button>
          )}
        </div>
      </div>
    </div>
  );
}
