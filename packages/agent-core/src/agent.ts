import { updateKeysPath } from '@innkeeper/contract/agent-update';
import { type Channel, type Log, linkSignals } from '@innkeeper/kit';
import { type DialectName, detectDialect } from '@innkeeper/wire';
import type { AddressReporterOptions } from './address-report/address-reporter.ts';
import type { AgentParts } from './agent-parts.ts';
import { CallLog } from './call-log.ts';
import { capabilitiesOf } from './capabilities.ts';
import type { AgentConfig } from './config/agent-config.ts';
import type { QgaSettings } from './dialects/qga/qga-settings.ts';
import { servedDialects } from './dialects/served-dialects.ts';
import { type MethodRules, OperationTable } from './dispatch.ts';
import { exists } from './file/exists.ts';
import { freezeRecordPath } from './filesystem/freeze-record-path.ts';
import { GuestFreezeState } from './freeze-state.ts';
import { hex } from './hex.ts';
import type { HandedOver, Host } from './host.ts';
import { AgentLog } from './log/agent-log.ts';
import type { GuestPolicy } from './policy/guest-policy.ts';
import { loadService, networkChanges, partialFolders } from './services.ts';
import { ClockStepper } from './serving/clock-step.ts';
import { detect } from './serving/detect.ts';
import type { AgentContext, Dialect } from './serving/dialect.ts';
import { RootGrower } from './serving/grow-root.ts';
import { Identity } from './system/identity.ts';
import { readTrimmed } from './telemetry/read-trimmed.ts';
import type { AgentState } from './update/hand-over.ts';
import { createSuccession } from './update/succession.ts';

/** The agent, independent of the host and the channels it runs on. */
export interface Agent {
  /**
   * Serves one peer until it is known to have left, or `signal` is aborted. With 'detect', the dialect is recognised by
   * the first bytes. The channel stays the caller's. Rejects for a dialect that this agent does not have.
   */
  serveChannel(channel: Channel, dialect: DialectName | 'detect', signal: AbortSignal): Promise<void>;
  /**
   * Says goodbye on every session and ends the processes; resolves when that is done, within a second. The caller must
   * not serve new peers after this: they would be dropped at once.
   */
  stop(reason: string): Promise<void>;
}

/** When this agent was built, to recognise clocks that are certainly wrong. Set by the build; undefined in tests. */
declare const INNKEEPER_BUILD_TIME_NS: string | undefined;
const buildTimeNs = BigInt(
  typeof INNKEEPER_BUILD_TIME_NS === 'string' ? INNKEEPER_BUILD_TIME_NS : '1764000000000000000',
);

/** Milliseconds between TERM and KILL for running commands when the agent stops. */
const endGraceMs = 800;
const flushMs = 50;

export interface AgentOptions {
  /** A list of the folders with partial files, which outlives the agent. Absent: they are forgotten with it. */
  readonly partialFoldersPath?: string | undefined;
  /** The counter of file handles, which outlives the agent. Absent: it begins again with it. */
  readonly handleCounterPath?: string | undefined;
  /** A record of a change of the network that is not confirmed. Default: one that a restart of the guest removes. */
  readonly networkRecordPath?: string | undefined;
  /** What `log` writes, for the method that reads it. Default: it has no lines. */
  readonly agentLog?: AgentLog | undefined;
  /** The keys that may sign a new agent. Default: those of the guest. */
  readonly updateKeysPath?: string | undefined;
  /** The guest's settings. Default: there are none. */
  readonly config?: AgentConfig | undefined;
  /** What the guest allows. Default: everything. */
  readonly policy?: GuestPolicy | undefined;
  /** For clients of QGA. Default: as a qemu-ga without any settings. */
  readonly qga?: QgaSettings | undefined;
}

/**
 * Creates the agent. Only one per program: it owns the host's processes.
 * @param dialects the dialects it speaks; default: all
 */
export function createAgent(
  host: Host,
  log: Log,
  dialects: readonly Dialect[] = servedDialects,
  {
    partialFoldersPath,
    handleCounterPath,
    networkRecordPath = '/run/innkeeper/network.json',
    agentLog = new AgentLog(host.clock),
    updateKeysPath: keysPath = updateKeysPath,
    config,
    policy,
    qga,
  }: AgentOptions = {},
): Agent {
  const stopping = new AbortController();
  const { handedOver } = host.program;
  const before = handedOver?.value as AgentState | undefined;
  const instance = before?.instance ?? hex(host.bytes.random(16));
  const bootId = readTrimmed(host, '/proc/sys/kernel/random/boot_id') ?? instance;
  const freeze = new GuestFreezeState();
  if (exists(host, freezeRecordPath))
    freeze.recover(
      recoverFreeze(host, log, bootId, qga?.freezeHook).catch((error: unknown) =>
        log.error('freeze.not-recovered', { error: String(error) }),
      ),
    );
  const startWallNs = before === undefined ? host.clock.wallTimeNs() : BigInt(before.startWallNs);
  const succession = createSuccession(instance, startWallNs);
  const parts: AgentParts = {
    succession,
    updateKeysPath: keysPath,
    host,
    log,
    agentLog,
    bootId,
    freeze,
    stopping: stopping.signal,
    startedMs: before?.startedMs ?? host.clock.monotonicMs(),
    partialFoldersPath,
    partialFolders: undefined,
    handleCounterPath,
    fileHandles: undefined,
    freezeHook: qga?.freezeHook,
    networkRecordPath,
    network: undefined,
    registry: undefined,
    config,
    policy,
  };
  // What an earlier agent may have left: partial files to remove, a change of the network to roll back.
  if (partialFoldersPath !== undefined && exists(host, partialFoldersPath))
    partialFolders(parts).catch((error: unknown) => log.error('partials.not-removed', { error: String(error) }));
  if (exists(host, networkRecordPath))
    networkChanges(parts).catch((error: unknown) => log.error('network.not-recovered', { error: String(error) }));
  if (handedOver !== undefined) {
    succession.gate.close();
    takeOver(parts, handedOver);
  }
  const calls = new CallLog(log, host.clock);
  const check = (method: MethodRules): void => {
    const refusal = policy?.refusal(method);
    calls.add(method, refusal?.reason);
    if (refusal !== undefined) throw refusal;
  };
  const load = (name: string) => loadService(name, parts);
  const table = new OperationTable([], freeze, host.clock, load, succession.gate, check);
  const { present, missing } = capabilitiesOf(host, policy?.denied);
  const context: AgentContext = {
    host,
    log,
    identity: {
      bootId,
      instance,
      startWallNs,
      capabilities: present,
      denied: missing.map(({ name }) => name).filter((name) => policy?.denied.has(name)),
    },
    config,
    qga,
    maySetUp: policy?.maySetUp ?? true,
    unrepeatable: succession.unrepeatable,
    denial: (method) => policy?.denial(method)?.message,
    freeze,
    clockStepper: new ClockStepper(host.clock, log, buildTimeNs),
    rootGrower: new RootGrower(host, log),
    guestIdentity: new Identity(host, log),
  };

  if (config?.managerAddress !== undefined && config.problems.length === 0)
    startReports({ host, log, dispatcher: table, config, signal: stopping.signal });

  return {
    serveChannel: async (channel, dialect, outer) => {
      const { signal, unlink } = linkSignals(outer, stopping.signal, succession.leaving.signal);
      try {
        if (dialect !== 'detect') {
          const known = dialects.find(({ name }) => name === dialect);
          if (known === undefined) throw new Error(`This agent does not speak ${dialect}.`);
          await known.serve(channel, table, { ...context, firstBytes: undefined, signal });
          return;
        }
        const { dialect: found, firstBytes } = await detect(channel, dialects, signal);
        if (found !== undefined) await found.serve(channel, table, { ...context, firstBytes, signal });
        else log.info('dialect.unknown', { channel: channel.name, dialect: detectDialect(firstBytes) });
      } catch (error) {
        if (!signal.aborted) throw error;
      } finally {
        unlink();
        // The channel is the next program's.
        if (succession.leaving.signal.aborted) await new Promise(() => undefined);
      }
    },
    stop: async (reason) => {
      stopping.abort(reason);
      parts.network?.stop();
      await freeze.manager?.stop();
      await parts.registry?.endAll(endGraceMs);
      // A few turns of the loop, so that the goodbyes are written to the channels.
      await new Promise<void>((resolve) => host.clock.setTimer(flushMs, resolve));
    },
  };
}

/** In a part of its own, since few guests have a manager. */
function startReports(options: AddressReporterOptions): void {
  import('./address-report/address-reporter.ts')
    .then((part) => part.reportAddress(options))
    .catch((error: unknown) => options.log.error('manager.ended', { error: String(error) }));
}

/** In a part of its own. A new program that cannot take over gives up; an old one that comes back goes on without. */
function takeOver(parts: AgentParts, handedOver: HandedOver): void {
  const { host, log, succession } = parts;
  import('./update/take-over.ts')
    .then((part) => part.takeOver(parts, handedOver))
    .catch((error: unknown) => {
      log.error('update.not-taken-over', { error: String(error) });
      if (handedOver.isOnTrial) host.program.giveUp();
      host.program.begin();
      succession.gate.open();
    });
}

async function recoverFreeze(host: Host, log: Log, bootId: string, hook: string | undefined): Promise<void> {
  const record = await import('./filesystem/freeze-record.ts');
  await record.recoverFreeze(host, log, bootId, hook);
}
