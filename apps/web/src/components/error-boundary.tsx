import { Component, type ReactNode } from 'react';
import { ErrorNote } from './error-note.tsx';

interface State {
  readonly error: unknown;
}

/** Confines an error to the page in which it occurred. */
export class ErrorBoundary extends Component<{ readonly children: ReactNode }, State> {
  override state: State = { error: undefined };

  static getDerivedStateFromError(error: unknown): State {
    return { error };
  }

  override render(): ReactNode {
    const { error } = this.state;
    if (error === undefined) return this.props.children;
    // After an update of the daemon, the old console's chunks no longer exist.
    const stale = error instanceof TypeError && /import|module/i.test(error.message);
    if (stale)
      return (
        <ErrorNote
          title="This page could not be loaded"
          error={new Error('The console was updated, or the daemon is not reachable.')}
          onRetry={() => location.reload()}
        />
      );
    return <ErrorNote title="This page failed" error={error} onRetry={() => this.setState({ error: undefined })} />;
  }
}
