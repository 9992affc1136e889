import { create, type DescMessage, type MessageInitShape, type MessageShape } from '@bufbuild/protobuf';
import {
  MissingCapabilitySchema,
  SystemSchema,
  type Telemetry,
  TelemetrySchema,
  type Welcome,
  WelcomeSchema,
} from '@innkeeper/contract/agent';
import { TelemetryServiceLite } from '@innkeeper/contract/agent-lite';
import { capabilities as allCapabilities, type CapabilityName } from '@innkeeper/contract/capabilities';
import { OperationError } from '@innkeeper/contract/errors';
import { type LiteMethod, liteDecode, liteEncode } from '@innkeeper/contract/lite';
import { Listeners, type Log, linkSignals, randomId, silentLog, withDeadline } from '@innkeeper/kit';
import type { AgentLink, CallOptions, LinkState } from '../../agent-link.ts';
import type { LinkClock } from '../../clock.ts';
import { checkAnswer } from '../../guest-claims.ts';
import { hostClock } from '../../node/host-clock.ts';
import { randomBytes } from '../../node/random-bytes.ts';
import type { ForeignAgent, ForeignFacts } from './foreign-agent.ts';
import { ForeignExec } from './foreign-exec.ts';
import { foreignReading, foreignWriting } from './foreign-files.ts';
import { ForeignSessions } from './foreign-sessions.ts';
import { foreignStream } from './foreign-stream.ts';
import { lacks, refuseMethod, whyLacking } from './refusals.ts';

export interface ForeignLinkOptions {
  readonly agent: ForeignAgent;
  readonly log?: Log | undefined;
  /** For tests. */
  readonly clock?: LinkClock | undefined;
  /** Milliseconds between samples. Default: the agent's own. */
  readonly sampleMs?: number | undefined;
}

const defaultTimeoutMs = 30_000;

/** A link to an agent that speaks a foreign dialect. Never throws; see `state`. */
export function createForeignLink(options: ForeignLinkOptions): AgentLink {
  const { agent } = options;
  const clock = options.clock ?? hostClock;
  const states = new Listeners<LinkState>();
  const reports = new Listeners<Telemetry>();
  const closed = new AbortController();
  let state: LinkState = { state: 'waiting' };
  const become = (next: LinkState): void => {
    state = next;
    states.emit(next);
  };
  const sessions = new ForeignSessions({
    agent,
    clock,
    log: options.log ?? silentLog,
    sampleMs: options.sampleMs ?? agent.sampleMs,
    onFound: (facts) => become({ state: 'connected', welcome: welcomeOf(facts) }),
    onLost: (reason) => become({ state: 'lost', since: clock.nowMs(), reason }),
    onSample: (telemetry) => reports.emit(create(TelemetrySchema, telemetry)),
  });
  const inTime = async <T>(options: CallOptions, timeoutMs: number, work: (signal: AbortSignal) => Promise<T>) => {
    const linked = linkSignals(closed.signal, options.signal);
    const late = (): OperationError =>
      new OperationError('AGENT_UNREACHABLE', sessions.whyNot || `The agent did not answer within ${timeoutMs} ms.`);
    try {
      const answer = await withDeadline({ timers: clock, timeoutMs, signal: linked.signal, late }, work);
      sessions.seen();
      return answer;
    } finally {
      linked.unlink();
    }
  };
  const call = async <I extends DescMessage, O extends DescMessage>(
    method: LiteMethod<I, O>,
    request: MessageInitShape<I>,
    callOptions: CallOptions = {},
  ): Promise<MessageShape<O>> =>
    await inTime(callOptions, callOptions.timeoutMs ?? (method.timeoutMs || defaultTimeoutMs), async (signal) => {
      const facts = await sessions.ready(signal);
      const own = ownAnswer(agent, facts, method.name);
      const serve = agent.calls.get(method.name);
      if (own === undefined && (serve === undefined || !canDo(facts, method.capability)))
        return refuseMethod(agent, facts, method);
      const fields = own ?? (await serve?.(request as never, signal)) ?? {};
      // Through the codec, which fills in what the dialect did not say with the defaults.
      const answer = liteDecode(method.output, liteEncode(method.output, fields as MessageInitShape<O>));
      return checkAnswer(method, request, answer);
    });
  const ready = async (capability: CapabilityName, what: string, signal: AbortSignal): Promise<void> => {
    const late = (): OperationError =>
      new OperationError(
        'AGENT_UNREACHABLE',
        sessions.whyNot || `The agent did not answer within ${defaultTimeoutMs} ms.`,
      );
    const facts = await withDeadline({ timers: clock, timeoutMs: defaultTimeoutMs, signal, late }, (either) =>
      sessions.ready(either),
    );
    if (!canDo(facts, capability))
      throw lacks(
        `The agent ${facts.version} in this guest cannot ${what}: ${whyLacking(agent, facts, capability)}`,
        capability,
      );
  };
  const link: AgentLink = {
    get state() {
      return state;
    },
    get capabilities() {
      return new Set(state.state === 'connected' ? state.welcome.capabilities : []);
    },
    get lastSeenMs() {
      return sessions.lastSeenMs;
    },
    onState: states.add,
    onTelemetry: reports.add,
    ping: async (callOptions = {}) => {
      const startMs = clock.nowMs();
      const agentVersion = await inTime(callOptions, callOptions.timeoutMs ?? defaultTimeoutMs, async (signal) => {
        const facts = await sessions.ready(signal);
        await agent.ping(signal);
        return facts.version;
      });
      return { roundTripMs: clock.nowMs() - startMs, agentVersion };
    },
    call,
    stream: (method, requests, callOptions = {}) =>
      foreignStream({ link, agent, sessions, closed: closed.signal }, method, requests, callOptions),
    exec: (spec, callOptions = {}) =>
      new ForeignExec({
        agent,
        clock,
        spec: { ...spec, id: spec.id === undefined || spec.id === '' ? randomId(randomBytes) : spec.id },
        options: callOptions,
        closed: closed.signal,
        ready: (signal) => ready('exec', 'run commands', signal),
      }),
    attach: () => {
      throw lacks(`${agent.title} keeps no command to attach to`, 'exec.resume');
    },
    readFile: (request, callOptions = {}) =>
      foreignReading(agent, request, callOptions, closed.signal, (signal) => ready('file.read', 'read files', signal)),
    writeFile: async (open, source, callOptions = {}) =>
      await foreignWriting(agent, open, source, callOptions, closed.signal, (signal) =>
        ready('file.write', 'write files', signal),
      ),
    readTar: () => {
      throw lacks(`${agent.title} has no archives: copy the files one by one`, 'file.read');
    },
    writeTar: () => Promise.reject(lacks(`${agent.title} has no archives: copy the files one by one`, 'file.write')),
    [Symbol.asyncDispose]: async () => {
      closed.abort(new OperationError('CANCELED', 'The link to this agent was closed.'));
      await sessions.close();
    },
  };
  return link;
}

function canDo(facts: ForeignFacts, capability: string): boolean {
  return facts.capabilities.some((each) => each === capability);
}

/** What the node sees as the answer to a hello. Nothing that the agent did not say is filled in. */
function welcomeOf({ version, capabilities, system }: ForeignFacts): Welcome {
  return create(WelcomeSchema, {
    agentVersion: version,
    bootId: system.bootId ?? '',
    capabilities: [...capabilities].sort(),
  });
}

/** Methods that the link answers from what the agent said when it was found. */
function ownAnswer(agent: ForeignAgent, facts: ForeignFacts, method: string): object | undefined {
  if (method === TelemetryServiceLite.ping.name)
    return { sequence: 0n, agentVersion: facts.version, agentUptimeSeconds: 0n };
  if (method !== TelemetryServiceLite.getSystem.name) return undefined;
  const missing = (Object.keys(allCapabilities) as CapabilityName[])
    .filter((name) => !canDo(facts, name))
    .map((name) => create(MissingCapabilitySchema, { name, reason: whyLacking(agent, facts, name) }));
  return create(SystemSchema, {
    ...facts.system,
    agentVersion: facts.version,
    capabilities: [...facts.capabilities].sort(),
    missingCapabilities: missing,
  });
}
