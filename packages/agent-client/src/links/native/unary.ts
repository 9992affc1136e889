import type { DescMessage, MessageInitShape, MessageShape } from '@bufbuild/protobuf';
import type { Welcome } from '@innkeeper/contract/agent';
import { OperationError } from '@innkeeper/contract/errors';
import type { LiteMethod } from '@innkeeper/contract/lite';
import { withDeadline } from '@innkeeper/kit';
import type { CallOptions } from '../../agent-link.ts';
import type { LinkClock } from '../../clock.ts';
import type { LinkSessions } from './link-sessions.ts';
import { SessionLostError } from './session/session-lost-error.ts';
import { openInTurn } from './session/typed-call.ts';

const defaultTimeoutMs = 30_000;

/**
 * One request, one answer. A repeatable method is called again in the next session, within the deadline, if its session
 * was lost. Rejects with AGENT_UNREACHABLE if no session was open in time, UNSUPPORTED_BY_AGENT.
 */
export async function unaryCall<I extends DescMessage, O extends DescMessage>(
  sessions: LinkSessions,
  clock: LinkClock,
  method: LiteMethod<I, O>,
  request: MessageInitShape<I>,
  options: CallOptions = {},
): Promise<MessageShape<O>> {
  const timeoutMs = Math.max(1, options.timeoutMs ?? (method.timeoutMs || defaultTimeoutMs));
  const endMs = clock.nowMs() + timeoutMs;
  const leftMs = (): number => Math.max(1, Math.round(endMs - clock.nowMs()));
  const deadline = { timers: clock, timeoutMs, signal: options.signal, late: () => unanswered(timeoutMs) };
  return await withDeadline(deadline, async (signal) => {
    let bootId: string | undefined;
    for (;;) {
      const open = await sessions.ready(signal);
      bootId ??= open.welcome.bootId;
      // What the guest began may be why it restarted, such as a reboot: it is not begun again.
      if (open.welcome.bootId !== bootId && method.onDisconnect === 'detach')
        throw new OperationError(
          'AGENT_UNREACHABLE',
          `The guest was restarted during ${method.name}, which may have been executed.`,
        );
      requireCapability(open.welcome, method);
      const { session } = open;
      try {
        using call = await openInTurn(session, method, request, { timeoutMs: leftMs(), signal });
        const answer = await call.next();
        if (answer === undefined)
          throw new OperationError('GUEST_MISBEHAVES', `${method.name} ended without an answer.`);
        return answer;
      } catch (error) {
        if (!(error instanceof SessionLostError)) throw error;
        if (!method.isRepeatable && !error.isNotBegun)
          throw new OperationError(
            'AGENT_UNREACHABLE',
            `The agent was lost during ${method.name}, which may have been executed: ${error.message}`,
            { cause: error },
          );
      }
    }
  });
}

/**
 * Throws UNSUPPORTED_BY_AGENT, naming the missing capability and the agent's version. What the guest's policy turns off is
 * refused by the agent itself, which names the rule.
 */
export function requireCapability(
  { capabilities, deniedCapabilities, agentVersion }: Welcome,
  method: LiteMethod,
): void {
  if (capabilities.includes(method.capability) || deniedCapabilities.includes(method.capability)) return;
  throw new OperationError(
    'UNSUPPORTED_BY_AGENT',
    `The agent ${agentVersion} in this guest lacks the capability "${method.capability}", which ${method.name} needs.`,
  );
}

/** The error of a call that the agent did not answer in time. */
export function unanswered(timeoutMs: number): OperationError {
  return new OperationError('AGENT_UNREACHABLE', `The agent did not answer within ${timeoutMs} ms.`);
}
