import type { DescMessage, MessageInitShape, MessageShape } from '@bufbuild/protobuf';
import type { Telemetry } from '@innkeeper/contract/agent';
import {
  FileServiceLite,
  LogServiceLite,
  ProcessServiceLite,
  TelemetryServiceLite,
} from '@innkeeper/contract/agent-lite';
import { OperationError } from '@innkeeper/contract/errors';
import type { LiteMethod } from '@innkeeper/contract/lite';
import { type Channel, cleanText, errorMessage, type Log, randomId, silentLog, withDeadline } from '@innkeeper/kit';
import { type ByteOps, portableByteOps } from '@innkeeper/wire';
import type { AgentLink, CallOptions, LinkState } from '../../agent-link.ts';
import type { LinkClock } from '../../clock.ts';
import { checkAnswer } from '../../guest-claims.ts';
import { hostClock } from '../../node/host-clock.ts';
import { randomBytes } from '../../node/random-bytes.ts';
import { continueFileWatch, continueLog, continueTelemetry } from './continuations.ts';
import { LinkSessions, type Naming } from './link-sessions.ts';
import { ResumingExec } from './resuming-exec.ts';
import { resumingRead } from './resuming-read.ts';
import { resumingStream } from './resuming-stream.ts';
import { resumingWrite } from './resuming-write.ts';
import { openCall } from './session/typed-call.ts';
import { streamCall } from './stream-call.ts';
import { readTar, writeTar } from './tar-streams.ts';
import { unanswered, unaryCall } from './unary.ts';
import { watchTelemetry } from './watch-telemetry.ts';

export interface AgentLinkOptions {
  /** Opens the channel; called again after every loss. May wait, and must respect the signal. */
  readonly connect: (signal: AbortSignal) => Promise<Channel>;
  readonly identity: { readonly vmId: string; readonly vmName: string; readonly nodeVersion: string };
  /** Whether the agent may set the guest's clock from the node's; false for adopted VMs. */
  readonly mayStepClock: boolean;
  /** Whether the agent may grow the root file system to the size of its disk. Default: false, as for adopted VMs. */
  readonly mayGrowRoot?: boolean | undefined;
  /** Default: the guest keeps its names and keys, as for adopted VMs. */
  readonly naming?: Naming | undefined;
  /** Whether the VM is paused: then it is not pinged and not lost. Default: never paused. */
  readonly isPaused?: (() => Promise<boolean>) | undefined;
  readonly log?: Log | undefined;
  /** For tests. */
  readonly clock?: LinkClock | undefined;
  readonly ops?: ByteOps | undefined;
  /** Milliseconds between telemetry reports; 0: no telemetry. Default: 5000. */
  readonly telemetryIntervalMs?: number | undefined;
}

/** Timeout of a liveness ping in milliseconds; the next one is sent by then. */
const pingTimeoutMs = 10_000;

/** Opens the link and keeps it open until it is disposed. Never throws; see `state`. */
export function createAgentLink(options: AgentLinkOptions): AgentLink {
  const clock = options.clock ?? hostClock;
  const stateListeners = new Set<(state: LinkState) => void>();
  const telemetryListeners = new Set<(telemetry: Telemetry) => void>();
  const closed = new AbortController();
  const log = options.log ?? silentLog;
  let state: LinkState = { state: 'waiting' };
  const sessions = new LinkSessions({
    connect: options.connect,
    identity: options.identity,
    mayStepClock: options.mayStepClock,
    mayGrowRoot: options.mayGrowRoot ?? false,
    naming: options.naming ?? { maySetHostname: false, freshIdentity: false },
    isPaused: options.isPaused ?? (async () => false),
    clock,
    ops: options.ops ?? portableByteOps,
    random: randomBytes,
    log,
    ping: async (session) => {
      // Without a deadline, an agent that sends other frames and never answers this would fill the session with pings.
      const deadline = { timers: clock, timeoutMs: pingTimeoutMs, late: () => unanswered(pingTimeoutMs) };
      await withDeadline(deadline, async (signal) => {
        using call = openCall(session, TelemetryServiceLite.ping, { sequence: 0n }, { signal });
        await call.next();
      });
    },
    onState: (next) => {
      state = next;
      notify(stateListeners, next, log);
    },
  });
  if (options.telemetryIntervalMs !== 0)
    watchTelemetry(sessions, clock, options.telemetryIntervalMs ?? 5000, closed.signal, (telemetry) =>
      notify(telemetryListeners, telemetry, log),
    );
  const unary = async <I extends DescMessage, O extends DescMessage>(
    method: LiteMethod<I, O>,
    request: MessageInitShape<I>,
    callOptions?: CallOptions,
  ): Promise<MessageShape<O>> =>
    checkAnswer(method, request, await unaryCall(sessions, clock, method, request, callOptions));
  const sendSignal = async (id: string, signal: number): Promise<void> => {
    await unary(ProcessServiceLite.signal, { id, signal, onlyLeader: false });
  };
  return {
    get state() {
      return state;
    },
    get capabilities() {
      return new Set(state.state === 'connected' ? state.welcome.capabilities : []);
    },
    get lastSeenMs() {
      return sessions.lastSeenMs;
    },
    onState: (listener) => addTo(stateListeners, listener),
    onTelemetry: (listener) => addTo(telemetryListeners, listener),
    ping: async (callOptions) => {
      const startMs = clock.nowMs();
      const { agentVersion } = await unary(TelemetryServiceLite.ping, { sequence: 1n }, callOptions);
      return { roundTripMs: clock.nowMs() - startMs, agentVersion: cleanText(agentVersion, 40) };
    },
    call: unary,
    stream: (method, requests, callOptions = {}) => {
      const link = { sessions, clock, neverAborted: closed.signal };
      const continuation = continuationOf(method.name);
      if (continuation === undefined) return streamCall(link, method, requests, callOptions);
      return resumingStream(link, method, requests, continuation as never, callOptions);
    },
    exec: (spec, callOptions = {}) =>
      new ResumingExec({
        sessions,
        clock,
        options: callOptions,
        sendSignal,
        target: { kind: 'start', spec: { ...spec, id: spec.id ?? randomId(randomBytes) } },
      }),
    attach: (id, fromOffset, callOptions = {}) =>
      new ResumingExec({
        sessions,
        clock,
        options: callOptions,
        sendSignal,
        target: { kind: 'attach', id, fromOffset },
      }),
    readFile: (request, callOptions = {}) => resumingRead(sessions, request, callOptions, closed.signal),
    writeFile: (open, source, callOptions = {}) => resumingWrite(sessions, open, source, callOptions, closed.signal),
    readTar: (request, callOptions = {}) => readTar(sessions, request, callOptions, closed.signal),
    writeTar: (open, source, callOptions = {}) => writeTar(sessions, open, source, callOptions, closed.signal),
    [Symbol.asyncDispose]: async () => {
      closed.abort(new OperationError('CANCELED', 'The link to this agent was closed.'));
      await sessions.close();
    },
  };
}

/** How a stream of this method continues in another session; undefined: it ends with its session. */
function continuationOf(method: string) {
  if (method === FileServiceLite.watch.name) return continueFileWatch(randomId(randomBytes));
  if (method === LogServiceLite.read.name || method === LogServiceLite.readFile.name) return continueLog();
  return method === TelemetryServiceLite.watch.name ? continueTelemetry : undefined;
}

function addTo<T>(set: Set<T>, value: T): () => void {
  set.add(value);
  return () => set.delete(value);
}

/** An exception of a listener does not affect the link and other listeners. */
function notify<T>(listeners: ReadonlySet<(value: T) => void>, value: T, log: Log): void {
  for (const listener of listeners)
    try {
      listener(value);
    } catch (error) {
      log.error('link.listener-failed', { error: errorMessage(error) });
    }
}
