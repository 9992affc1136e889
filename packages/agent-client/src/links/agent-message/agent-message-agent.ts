import { ShutdownMode, type ShutdownRequest } from '@innkeeper/contract/agent';
import { PowerServiceLite } from '@innkeeper/contract/agent-lite';
import type { AgentReadyEvent } from '@innkeeper/contract/agent-message';
import { ShutdownType } from '@innkeeper/contract/agent-message-lite';
import type { CapabilityName } from '@innkeeper/contract/capabilities';
import { isOperationError, OperationError } from '@innkeeper/contract/errors';
import { type Channel, cleanText, createDeferred, type Deferred, errorMessage, mib, orAborted } from '@innkeeper/kit';
import type { LinkClock } from '../../clock.ts';
import { failureMeaning } from '../foreign/file-commands.ts';
import type {
  ForeignAgent,
  ForeignCall,
  ForeignExit,
  ForeignFacts,
  ForeignSpec,
  ForeignTelemetry,
} from '../foreign/foreign-agent.ts';
import { lacks } from '../foreign/refusals.ts';
import { messageFileCalls, readByMessages, writeByMessages } from './message-files.ts';
import { MessageSession } from './message-session.ts';
import { messageTelemetry } from './message-telemetry.ts';

const requestTimeoutMs = 30_000;
/** The agent reports by itself; reports that come faster are dropped. */
const minSampleMs = 1_000;
/** An agent that a host has just left needs seconds to come back, and loses what is written meanwhile: it is asked again. */
const pingTimeoutMs = 2_000;
/** Output of each stream that is asked for. */
const outputBytes = 2 * mib;
/** The longest timeout that the dialect has; agents may lower it. */
const maxTimeoutSeconds = 86_400;
/** Milliseconds that the agent may take to answer after a command's timeout. */
const graceMs = 15_000;

const title = 'AgentMessage';

/** What the agent's own words mean here. */
const meanings: Readonly<Record<string, CapabilityName>> = {
  telemetry: 'telemetry',
  execute: 'exec',
  user_context_exec: 'exec.user',
  file_read: 'file.read',
  file_write: 'file.write',
  shutdown: 'power',
};

export interface AgentMessageAgentOptions {
  readonly connect: (signal: AbortSignal) => Promise<Channel>;
  readonly clock: LinkClock;
}

/** An agent that speaks AgentMessage, with either header, on one connection that is kept. */
export function agentMessageAgent({ connect, clock }: AgentMessageAgentOptions): ForeignAgent {
  let current: MessageSession | undefined;
  let ready: AgentReadyEvent | undefined;
  let facts: ForeignFacts | undefined;
  let next = nextReport();
  const session = (): MessageSession => {
    if (current === undefined)
      throw new OperationError('AGENT_UNREACHABLE', 'The AgentMessage agent is not connected.');
    return current;
  };
  return {
    dialect: 'agent-message',
    title,
    sampleMs: minSampleMs,
    open: async (signal) => {
      await current?.close();
      ready = undefined;
      const channel = await opened(connect, signal);
      next = nextReport();
      current = new MessageSession({
        channel,
        clock,
        onReady: (event) => {
          ready = event;
        },
        onTelemetry: (report) => {
          next.resolve(messageTelemetry(report));
          next = nextReport();
        },
        onEnd: (reason) => next.reject(reason),
      });
      facts = await factsOf(current, () => ready, signal);
      return facts;
    },
    // The agent sends them by itself; the connection's end is the error.
    sample: async (signal) => {
      session();
      return await orAborted(next.promise, signal);
    },
    ping: async (signal) => {
      await session().ask({ case: 'ping', value: { sequence: 1n } }, 'pong', signal, requestTimeoutMs);
    },
    calls: new Map<string, ForeignCall>([
      ...messageFileCalls(session),
      [PowerServiceLite.shutdown.name, (request, signal) => shutDown(session(), request, signal)],
    ]),
    start: async (spec, _input, signal) => {
      const isOther = (spec.user ?? '') !== '' || (spec.group ?? '') !== '';
      if (isOther && facts?.capabilities.includes('exec.user') !== true)
        throw lacks('This agent cannot run a command as another user', 'exec.user');
      const ended = execute(session(), spec, signal);
      ended.catch(() => undefined);
      return { pid: 0, ended: () => ended };
    },
    readFile: (request, signal) => readByMessages(session, request, signal),
    writeFile: (request, source, verify, signal) => writeByMessages(session, request, source, verify, signal),
    close: async () => {
      await current?.close();
      current = undefined;
    },
  };
}

/** The report that comes next. Nobody need wait for it. */
function nextReport(): Deferred<ForeignTelemetry> {
  const next = createDeferred<ForeignTelemetry>();
  next.promise.catch(() => undefined);
  return next;
}

async function opened(connect: AgentMessageAgentOptions['connect'], signal: AbortSignal): Promise<Channel> {
  try {
    return await connect(signal);
  } catch (error) {
    signal.throwIfAborted();
    const why = cleanText(errorMessage(error), 200);
    throw new OperationError('AGENT_UNREACHABLE', `The AgentMessage agent does not answer: ${why}.`);
  }
}

async function factsOf(
  session: MessageSession,
  ready: () => AgentReadyEvent | undefined,
  signal: AbortSignal,
): Promise<ForeignFacts> {
  const { version } = await firstPong(session, signal);
  const asked = await session
    .ask({ case: 'getCapabilities', value: {} }, 'getCapabilitiesResponse', signal, pingTimeoutMs)
    .catch((error: unknown) => {
      // Older agents do not know it.
      signal.throwIfAborted();
      if (isOperationError(error)) return undefined;
      throw error;
    });
  const event = ready();
  const words = asked?.capabilities ?? event?.capabilities ?? [];
  const named = words.flatMap((word) => (Object.hasOwn(meanings, word) ? [meanings[word] as CapabilityName] : []));
  return {
    version: `AgentMessage agent ${cleanText(version, 40)}`.trim(),
    capabilities: [...new Set<CapabilityName>(['telemetry', ...named])],
    system: {
      hostname: event?.hostname.slice(0, 256) ?? '',
      osName: event?.osName.slice(0, 256) ?? asked?.os.slice(0, 256) ?? '',
      osVersion: event?.osVersion.slice(0, 256) ?? '',
      osPrettyName: `${event?.osName ?? asked?.os ?? ''} ${event?.osVersion ?? ''}`.trim().slice(0, 256),
      kernelRelease: event?.kernelVersion.slice(0, 256) ?? '',
      architecture: event?.architecture.slice(0, 256) ?? asked?.architecture.slice(0, 256) ?? '',
    },
  };
}

async function firstPong(session: MessageSession, signal: AbortSignal) {
  for (let sequence = 1n; ; sequence++) {
    try {
      return await session.ask({ case: 'ping', value: { sequence } }, 'pong', signal, pingTimeoutMs);
    } catch (error) {
      signal.throwIfAborted();
      if (!isOperationError(error) || !error.message.includes('within')) throw error;
      // A false length in what an earlier peer left would swallow every answer.
      session.resynchronise();
    }
  }
}

async function execute(session: MessageSession, spec: ForeignSpec, signal: AbortSignal): Promise<ForeignExit> {
  const { argv = [], shellCommand = '', timeoutMs = 0, environment = {} } = spec;
  const [command = '', ...args] = shellCommand === '' ? argv : ['/bin/sh', '-c', shellCommand];
  if (command === '') throw new OperationError('INVALID_ARGUMENT', 'The command is empty.');
  const seconds = timeoutMs === 0 ? maxTimeoutSeconds : Math.min(maxTimeoutSeconds, Math.ceil(timeoutMs / 1000));
  const value = {
    command,
    // Without arguments the dialect means a line for the shell, which this is not.
    ...(args.length === 0 ? { command: '/usr/bin/env', args: [command] } : { args }),
    workingDirectory: spec.workingDirectory ?? '',
    environment: { ...environment },
    timeoutSeconds: seconds,
    waitForExit: true,
    runAsUser: spec.user ?? '',
    runAsGroup: spec.group ?? '',
    includeSupplementaryGroups: spec.noSupplementaryGroups !== true,
    maxOutputBytes: outputBytes,
  };
  const answer = await session.ask({ case: 'execute', value }, 'executeResponse', signal, seconds * 1000 + graceMs);
  if (answer.error !== '' && !answer.timedOut) {
    const meant = failureMeaning(answer.error);
    throw new OperationError(
      meant === 'FILE_NOT_FOUND' ? 'COMMAND_NOT_FOUND' : (meant ?? 'SPAWN_FAILED'),
      cleanText(answer.error, 400),
    );
  }
  return {
    status: { case: 'exitCode', value: answer.exitCode },
    stdout: Buffer.from(answer.stdout),
    stderr: Buffer.from(answer.stderr),
    truncated: answer.truncated,
    timedOut: answer.timedOut,
  };
}

const shutdownTypes: Readonly<Partial<Record<ShutdownMode, ShutdownType>>> = {
  [ShutdownMode.REBOOT]: ShutdownType.REBOOT,
  [ShutdownMode.HALT]: ShutdownType.HALT,
};

async function shutDown(session: MessageSession, request: ShutdownRequest, signal: AbortSignal): Promise<object> {
  const value = {
    type: shutdownTypes[request.mode] ?? ShutdownType.POWEROFF,
    delaySeconds: request.delaySeconds ?? 0,
    message: request.message ?? '',
  };
  const answer = await session.ask({ case: 'shutdown', value }, 'shutdownResponse', signal, requestTimeoutMs);
  if (!answer.accepted) throw new OperationError('SHUTDOWN_FAILED', cleanText(answer.error, 400));
  return { method: 'AgentMessage shutdown' };
}
