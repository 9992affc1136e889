import { Component, type ReactNode } from 'react';
import { ErrorNote } from './error-note.tsx';

interface State {
  readonly error: unknown;
}

/** Keeps a fault of one page from taking the others along. */
export class ErrorBoundary extends Component<{ readonly children: ReactNode }, State> {
  override state: State = { error: undefined };

  static getDerivedStateFromError(error: unknown): State {
    return { error };
  }

  override render(): ReactNode {
    const { error } = this.state;
    if (error === undefined) return this.props.children;
    // After an update of the daemon the chunks of the old console are gone.
    const stale = error instanceof TypeError && /import|module/i.test(error.message);
    if (stale)
      return (
        <ErrorNote
          title="This page could not be loaded"
          error={new Error('The console was updated, or the daemon does not answer.')}
          onRetry={() => location.reload()}
        />
      );
    return (
      <ErrorNote title="This page has a fault" error={error} onRetry={() => this.setState({ error: undefined })} />
    );
  }
}
