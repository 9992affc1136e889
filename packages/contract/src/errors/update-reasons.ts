import type { Reason } from './reason.ts';

/** Reasons of updates of the agent; part of `guestReasons`. */
export const updateReasons = {
  UPDATE_UNTRUSTED: {
    code: 'permission_denied',
    when: 'The guest trusts none of the keys that could have signed this agent.',
    next: 'Put the key of this daemon into /etc/innkeeper/update-keys in the guest, as install-agent.sh does.',
    raisedByGuest: true,
  },
  UPDATE_INVALID: {
    code: 'invalid_argument',
    when: 'The new agent is not what its signed manifest says, or not for this guest’s architecture.',
    next: 'Send it again; if that fails, build it again.',
    raisedByGuest: true,
  },
  UPDATE_OLDER: {
    code: 'failed_precondition',
    when: 'The agent in the guest is newer than the one that was sent.',
    next: 'Nothing, or allow an older version.',
    raisedByGuest: true,
  },
  UPDATE_REFUSED: {
    code: 'failed_precondition',
    when: 'The new agent cannot go on in this guest where the old one is; the old one continues.',
    next: 'See the message: what the new agent or the guest’s file system says.',
    raisedByGuest: true,
  },
  UPDATE_BUSY: {
    code: 'failed_precondition',
    when: 'The agent does something that cannot be handed over to a new one.',
    next: 'Wait until it is over, or allow it to be cut where the message says that this is possible.',
    raisedByGuest: true,
  },
  UPDATE_ROLLED_BACK: {
    code: 'aborted',
    when: 'The new agent failed or was not confirmed in time; the one before it continues.',
    next: 'See the log of the agent for why.',
    raisedByGuest: true,
  },
  AGENT_UPDATING: {
    code: 'aborted',
    when: 'The agent was about to be replaced by a new one, and did not begin this call.',
    next: 'Repeat the call.',
    raisedByGuest: true,
  },
} as const satisfies Record<string, Reason>;
