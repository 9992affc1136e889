import type { ReasonName } from '@innkeeper/contract/errors';
import { errorMessage } from '@innkeeper/kit';

/** The session ended before the call did. Resumable calls continue in the next one; others fail with `reason`. */
export class SessionLostError extends Error {
  override readonly name = 'SessionLostError';
  readonly reason: ReasonName;

  /** The agent has said that it did not begin the call: it may be made again, whatever it does. */
  readonly isNotBegun: boolean;

  constructor(reason: ReasonName, message: string, isNotBegun = false) {
    super(message);
    this.reason = reason;
    this.isNotBegun = isNotBegun;
  }

  /** For a channel that failed with `error`; a SessionLostError itself. */
  static unreachable(error: unknown): SessionLostError {
    return error instanceof SessionLostError ? error : new SessionLostError('AGENT_UNREACHABLE', errorMessage(error));
  }
}
