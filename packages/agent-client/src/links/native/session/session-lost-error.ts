import type { ReasonName } from '@innkeeper/contract/errors';
import { errorMessage } from '@innkeeper/kit';

/** The session ended before the call did. Calls that can resume go on in the next one; others fail with `reason`. */
export class SessionLostError extends Error {
  override readonly name = 'SessionLostError';
  readonly reason: ReasonName;

  constructor(reason: ReasonName, message: string) {
    super(message);
    this.reason = reason;
  }

  /** For a channel that failed with `error`. */
  static unreachable(error: unknown): SessionLostError {
    return new SessionLostError('AGENT_UNREACHABLE', errorMessage(error));
  }
}
