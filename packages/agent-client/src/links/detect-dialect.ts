import { type AgentAddress, OperationError } from '@innkeeper/contract';
import { withDeadline } from '@innkeeper/kit';
import type { LinkClock } from '../clock.ts';
import { hostClock } from '../node/host-clock.ts';
import { openAgentAddress } from '../node/open-agent-address.ts';
import { agentMessageAgent } from './agent-message/agent-message-agent.ts';
import type { ForeignAgent } from './foreign/foreign-agent.ts';
import { jsonFramesAgent } from './json-frames/json-frames-agent.ts';
import { qgaAgent } from './qga/qga-agent.ts';
import { QgaSession } from './qga/qga-session.ts';

/** Addresses where an agent may speak any dialect. */
export type SocketAddress = Extract<AgentAddress, { readonly kind: 'unix' | 'vsock' }>;
type Detected = 'qga' | 'json-frames' | 'agent-message';

/** Milliseconds that an agent may send something by itself: one that speaks AgentMessage says hello. */
const firstBytesMs = 300;
/** Milliseconds that an agent has to answer in each dialect, unless the caller says otherwise. */
const usualAnswerMs = 2_000;

export interface DetectOptions {
  readonly signal?: AbortSignal | undefined;
  /** For tests. */
  readonly clock?: LinkClock | undefined;
  /** Milliseconds for each dialect. Default: 2 s. */
  readonly answerMs?: number | undefined;
}

interface Terms {
  readonly signal: AbortSignal;
  readonly clock: LinkClock;
  readonly answerMs: number;
}

/** What is usual comes first. The request of one dialect is garbage in the others, which each of them survives. */
const orders: Readonly<Record<SocketAddress['kind'], readonly Detected[]>> = {
  unix: ['qga', 'json-frames', 'agent-message'],
  vsock: ['json-frames', 'agent-message', 'qga'],
};

/**
 * Finds out what the agent at an address speaks: by its first bytes, or by asking it in one dialect after the other, each on
 * a connection of its own. Undefined if nothing answers, which takes at most 7 s. Innkeeper's own dialect is not looked for.
 */
export async function detectDialect(
  address: SocketAddress,
  { signal = new AbortController().signal, clock = hostClock, answerMs = usualAnswerMs }: DetectOptions = {},
): Promise<Detected | undefined> {
  const terms = { signal, clock, answerMs };
  const said = await firstBytes(address, terms);
  if (said === undefined) return undefined;
  const order: readonly Detected[] = isMessage(said) ? ['agent-message'] : orders[address.kind];
  for (const dialect of order) if (await answers(agentOf(dialect, address, clock), terms)) return dialect;
  return undefined;
}

/** What it sends by itself; undefined if nothing listens there. */
async function firstBytes(address: SocketAddress, { clock, signal, answerMs }: Terms): Promise<Uint8Array | undefined> {
  const late = new OperationError('AGENT_UNREACHABLE', 'It did not say anything.');
  let isOpen = false;
  try {
    return await withDeadline({ timers: clock, timeoutMs: answerMs, signal, late: () => late }, async (opening) => {
      await using channel = await openAgentAddress(address, clock, opening);
      isOpen = true;
      const options = { timers: clock, timeoutMs: firstBytesMs, signal: opening, late: () => late };
      const bytes = await withDeadline(options, (either) => channel.read({ signal: either }));
      return new Uint8Array(bytes ?? []);
    });
  } catch (error) {
    signal.throwIfAborted();
    if (isOpen && error === late) return new Uint8Array(0);
    return undefined;
  }
}

/** AgentMessage with its magic, or with a length before the first tag of an envelope, which JSON never begins with. */
function isMessage(bytes: Uint8Array): boolean {
  const [a, b, c, d, tag] = bytes;
  if (a === 0x51 && b === 0x54 && c === 0x58 && d === 0x01) return true;
  return a === 0 && (tag === 0x0a || tag === 0x12);
}

function agentOf(dialect: Detected, address: SocketAddress, clock: LinkClock): ForeignAgent {
  const connect = (signal: AbortSignal) => openAgentAddress(address, clock, signal);
  switch (dialect) {
    case 'qga':
      return qgaAgent({ session: new QgaSession(connect, clock), clock });
    case 'json-frames':
      return jsonFramesAgent({ connect, clock });
    case 'agent-message':
      return agentMessageAgent({ connect, clock });
  }
}

async function answers(agent: ForeignAgent, { clock, signal, answerMs }: Terms): Promise<boolean> {
  const late = (): OperationError => new OperationError('AGENT_UNREACHABLE', 'It did not answer in this dialect.');
  try {
    await withDeadline({ timers: clock, timeoutMs: answerMs, signal, late }, (either) => agent.open(either));
    return true;
  } catch {
    signal.throwIfAborted();
    return false;
  } finally {
    await agent.close();
  }
}
