import { OperationError } from '@innkeeper/contract/errors';
import type { AgentParts } from '../agent-parts.ts';
import type { AgentLogState } from '../log/agent-log.ts';
import type { RegistryState } from '../process/process-registry.ts';
import type { Handover } from '../program.ts';
import type { GatedMethod } from '../serving/call-gate.ts';
import type { HandedWatch } from '../watch/kept-watches.ts';
import type { CheckedManifest } from './check-manifest.ts';

/** Milliseconds that calls which cannot be handed over have to end. */
const callsEndMs = 10_000;
const lookMs = 50;
/** Milliseconds for goodbyes to be written, and for calls to let go of their commands. */
const goodbyeMs = 80;

/** These go on at the next agent, though they may not be repeated. */
const handedOver = /\.v1\.(?:ProcessService\/Exec|FileService\/Write|UpdateService\/Apply)$/;

/** A repetition begins from the start, and its caller has a part already. */
const fromStart = /\.v1\.FileService\/ReadTar$/;

/** What an agent hands over, as JSON. */
export interface AgentState {
  readonly instance: string;
  readonly startWallNs: string;
  readonly startedMs: number;
  /** SHA-256 of the next program. */
  readonly sha256: string;
  readonly commands: RegistryState | undefined;
  /** Absent: the agent before this one could not hand over watches of files, and not its log. */
  readonly watches?: readonly HandedWatch[];
  readonly log?: AgentLogState;
}

/** What runs in an agent, as far as an update looks at it. */
type RunningParts = Pick<AgentParts, 'succession'> & {
  readonly freeze: Pick<AgentParts['freeze'], 'isBusy'>;
  readonly host: Pick<AgentParts['host'], 'clock'>;
  readonly registry?: Pick<NonNullable<AgentParts['registry']>, 'isStarting'> | undefined;
};

/**
 * Waits until nothing runs that would be lost; calls that begin meanwhile wait.
 * @throws OperationError UPDATE_BUSY
 */
export async function untilFew(parts: RunningParts, cutCalls: boolean): Promise<void> {
  const { clock } = parts.host;
  const endMs = clock.monotonicMs() + callsEndMs;
  for (;;) {
    const held = heldBy(parts);
    if (held !== undefined) throw new OperationError('UPDATE_BUSY', held);
    const calls = [...parts.succession.gate.running.keys()].filter((method) => isLost(method));
    const works = [...parts.succession.unrepeatable].map(({ what }) => what);
    const isStarting = parts.registry?.isStarting === true;
    if (calls.length + works.length === 0 && !isStarting) return;
    if (clock.monotonicMs() >= endMs) {
      if (cutCalls && !isStarting) return;
      const names = [...calls.map(({ name }) => name.slice(name.indexOf('.v1.') + 4)), ...works];
      throw new OperationError(
        'UPDATE_BUSY',
        `These calls would be cut, which the caller may allow: ${names.join(', ')}.`,
      );
    }
    await new Promise<void>((resolve) => clock.setTimer(lookMs, resolve));
  }
}

/** Why a new agent cannot continue with what this one does now. */
function heldBy({ freeze, succession }: RunningParts): string | undefined {
  if (freeze.isBusy) return 'File systems are frozen, or their freeze or thaw is in progress.';
  for (const reason of succession.holds) {
    const text = reason();
    if (text !== undefined) return text;
  }
  return undefined;
}

function isLost({ name, isRepeatable, onDisconnect, onlyReads }: GatedMethod): boolean {
  const worksOn = onDisconnect === 'detach' && onlyReads !== true;
  return (!isRepeatable || worksOn || fromStart.test(name)) && !handedOver.test(name);
}

/** Ends the sessions and this program; the new one goes on. */
export async function handOver(parts: AgentParts, manifest: CheckedManifest): Promise<void> {
  const { host, succession, startedMs } = parts;
  succession.gate.open(new OperationError('AGENT_UPDATING', 'The agent is replaced by a new version of it.'));
  // The refusals are sent before the goodbyes.
  await new Promise<void>((resolve) => host.clock.setTimer(0, resolve));
  succession.leaving.abort('updating');
  await new Promise<void>((resolve) => host.clock.setTimer(goodbyeMs, resolve));
  const { instance, startWallNs, watches } = succession;
  await watches.settled(host.clock);
  await host.program.handOver(manifest.confirmWithinSeconds, (): Handover => {
    const blobs: Uint8Array[] = [];
    const commands = parts.registry?.handOver(blobs);
    const handed = watches.handOver(blobs);
    const pipes = (commands?.processes ?? []).flatMap(({ child: { stdin, stdout, stderr } }) =>
      [stdin, stdout, stderr].filter((fd) => fd >= 0),
    );
    const descriptors = [...pipes, ...handed.map(({ watcher }) => watcher)];
    const value: AgentState = {
      instance,
      startWallNs: `${startWallNs}`,
      startedMs,
      sha256: manifest.sha256,
      commands,
      watches: handed,
      log: parts.agentLog.state,
    };
    return { value, blobs, descriptors };
  });
}
