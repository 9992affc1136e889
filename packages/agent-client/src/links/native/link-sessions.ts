import type { Welcome } from '@innkeeper/contract/agent';
import { OperationError } from '@innkeeper/contract/errors';
import {
  type Channel,
  cleanText,
  createDeferred,
  type Deferred,
  type Log,
  orAborted,
  pause,
  withDeadline,
} from '@innkeeper/kit';
import type { ByteOps } from '@innkeeper/wire';
import type { LinkState } from '../../agent-link.ts';
import type { LinkClock } from '../../clock.ts';
import { keepAlive } from './keep-alive.ts';
import { ReconnectDelay } from './reconnect-delay.ts';
import { NativeSession } from './session/native-session.ts';
import { SessionLostError } from './session/session-lost-error.ts';

/** Timeouts of a hello in milliseconds; each attempt has its own connection, so that no old hello is in a pipe. */
const helloWaitsMs = [1000, 2000, 4000, 5000];

/** Bytes of the host's randomness that each hello brings for the guest's. */
const entropyBytes = 32;

/** What of its VM's identity a guest takes over. */
export interface Naming {
  /** Its host name is the VM's name, from its first start on. */
  readonly maySetHostname: boolean;
  /** A new machine id and new SSH host keys at its first start. */
  readonly freshIdentity: boolean;
}

export interface LinkSessionsOptions {
  readonly connect: (signal: AbortSignal) => Promise<Channel>;
  readonly identity: { readonly vmId: string; readonly vmName: string; readonly nodeVersion: string };
  readonly mayStepClock: boolean;
  readonly mayGrowRoot: boolean;
  readonly naming: Naming;
  readonly isPaused: () => Promise<boolean>;
  readonly clock: LinkClock;
  readonly ops: ByteOps;
  readonly random: (count: number) => Uint8Array;
  readonly log: Log;
  /** Sends a small request to the agent; called after some silence. */
  readonly ping: (session: NativeSession) => Promise<void>;
  readonly onState: (state: LinkState) => void;
}

/** An open session with its agent's welcome. */
export interface OpenSession {
  readonly session: NativeSession;
  readonly welcome: Welcome;
}

/** How one connection ended. */
interface Attempt {
  readonly opened: boolean;
  readonly why: SessionLostError;
  /** Milliseconds it lasted; undefined if nothing answered. */
  readonly lastedMs: number | undefined;
}

/** Keeps one session open, whatever happens to the channel; wakes callers that wait for the next one. */
export class LinkSessions {
  readonly #options: LinkSessionsOptions;
  readonly #stop = new AbortController();
  readonly #done: Promise<void>;
  #current: OpenSession | undefined;
  #next: Deferred<OpenSession> = createDeferred();
  readonly #delay = new ReconnectDelay();
  #lastSeenMs: number | undefined;

  constructor(options: LinkSessionsOptions) {
    this.#options = options;
    this.#next.promise.catch(() => undefined);
    this.#done = this.#run();
  }

  get lastSeenMs(): number | undefined {
    return this.#current?.session.lastSeenMs ?? this.#lastSeenMs;
  }

  /** Whether the guest is paused. A VM whose hypervisor does not answer counts as not paused. */
  async isPaused(): Promise<boolean> {
    return await this.#options.isPaused().catch(() => false);
  }

  /** The open session, or the next one. Rejects with the signal's reason, or CANCELED once the link is closed. */
  async ready(signal: AbortSignal): Promise<OpenSession> {
    signal.throwIfAborted();
    if (this.#current?.session.isOpen === true) return this.#current;
    const open = await orAborted(this.#next.promise, signal);
    // Both may have happened in the same turn: an aborted caller must not start anything.
    signal.throwIfAborted();
    return open;
  }

  async close(): Promise<void> {
    const reason = new OperationError('CANCELED', 'The link to this agent was closed.');
    this.#stop.abort(reason);
    this.#next.reject(reason);
    this.#current?.session.end(new SessionLostError('CANCELED', reason.message));
    await this.#done;
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop;
    const { clock, log, onState } = this.#options;
    let attempt = 0;
    while (!signal.aborted) {
      const lost = await this.#attempt(helloWaitsMs[Math.min(attempt, helloWaitsMs.length - 1)] ?? 5000);
      if (signal.aborted) break;
      attempt = lost.opened ? 0 : attempt + 1;
      if (lost.opened) {
        log.info('agent.lost', { why: lost.why.message });
        onState({ state: 'lost', since: clock.nowMs(), reason: lost.why.message });
      }
      await pause(clock, this.#waitMs(lost), signal);
    }
  }

  #waitMs({ why, lastedMs }: Attempt): number {
    if (why.reason === 'GUEST_MISBEHAVES') this.#options.log.warn('agent.misbehaves', { why: why.message });
    return lastedMs === undefined ? this.#delay.unansweredMs : this.#delay.nextMs(why, lastedMs);
  }

  /** Runs one connection until its end; never rejects. */
  async #attempt(helloWaitMs: number): Promise<Attempt> {
    const { connect, clock, ops, random } = this.#options;
    let channel: Channel;
    try {
      channel = await connect(this.#stop.signal);
    } catch (error) {
      return { opened: false, why: SessionLostError.unreachable(error), lastedMs: undefined };
    }
    const fromMs = clock.nowMs();
    const session = new NativeSession({ channel, ops, clock, nonce: random(16) });
    try {
      const welcome = await this.#hello(session, helloWaitMs);
      if (welcome === undefined) {
        const why = await session.ended;
        // No answer, or the peer hung up: it may do so as often as it likes.
        const wasSilent = why.reason === 'AGENT_UNREACHABLE' && clock.nowMs() - fromMs >= helloWaitMs;
        return { opened: false, why, lastedMs: wasSilent ? undefined : clock.nowMs() - fromMs };
      }
      this.#onOpen({ session, welcome });
      const why = await keepAlive(session, this.#options);
      this.#lastSeenMs = session.lastSeenMs;
      this.#current = undefined;
      return { opened: true, why, lastedMs: clock.nowMs() - fromMs };
    } finally {
      session.end(new SessionLostError('AGENT_UNREACHABLE', 'the connection was closed'));
      // A channel that cannot be closed is already gone.
      await channel.close().catch(() => undefined);
    }
  }

  async #hello(session: NativeSession, waitMs: number): Promise<Welcome | undefined> {
    const { clock, identity, mayStepClock, mayGrowRoot, naming, random } = this.#options;
    const permissions = { mayStepClock, mayGrowRoot, ...naming, entropy: random(entropyBytes) };
    const hello = { minVersion: 1, maxVersion: 1, wallTimeUnixNs: clock.wallNs(), ...permissions, ...identity };
    const late = (): Error => new SessionLostError('AGENT_UNREACHABLE', 'no agent answered the hello');
    const deadline = { timers: clock, timeoutMs: waitMs, signal: this.#stop.signal, late };
    try {
      return await withDeadline(deadline, () => session.open(hello));
    } catch (error) {
      // It has already ended with its own reason, or ends here.
      session.end(SessionLostError.unreachable(error));
      return undefined;
    }
  }

  #onOpen(open: OpenSession): void {
    this.#current = open;
    const waiting = this.#next;
    this.#next = createDeferred();
    this.#next.promise.catch(() => undefined);
    waiting.resolve(open);
    this.#options.log.info('agent.connected', { version: cleanText(open.welcome.agentVersion, 40) });
    this.#options.onState({ state: 'connected', welcome: open.welcome });
  }
}
