import { ShutdownMode, type ShutdownRequest, type TrimRequest } from '@innkeeper/contract/agent';
import {
  AccountServiceLite,
  FilesystemServiceLite,
  PowerServiceLite,
  TelemetryServiceLite,
} from '@innkeeper/contract/agent-lite';
import { OperationError } from '@innkeeper/contract/errors';
import { maxReportedFilesystems } from '@innkeeper/contract/limits';
import type { LinkClock } from '../../clock.ts';
import { misbehaves } from '../../guest-claims.ts';
import { BusyShare } from '../foreign/busy-share.ts';
import { countOf, objectOf, objectsOf, present, textOf } from '../foreign/fields.ts';
import { fileCalls } from '../foreign/file-calls.ts';
import type { RunInGuest } from '../foreign/file-commands.ts';
import type { ForeignAgent, ForeignCall, ForeignFacts, ForeignTelemetry } from '../foreign/foreign-agent.ts';
import { lacks } from '../foreign/refusals.ts';
import { type FreezeRecords, noFreezeRecords } from './freeze-records.ts';
import { setPasswordByQga } from './qga-accounts.ts';
import { startByQga } from './qga-exec.ts';
import { qgaFacts } from './qga-facts.ts';
import { closeHandle, readByQga, writeByQga } from './qga-files.ts';
import { QgaFreezes } from './qga-freezes.ts';
import { qgaSample } from './qga-sample.ts';
import type { QgaExchanges } from './qga-session.ts';

/** Milliseconds between samples: twice Innkeeper's own, since each occupies a socket that others use. */
const usualSampleMs = 10_000;
/** How long an agent that was told to shut down may take to say that it cannot. */
const shutdownSilenceMs = 3_000;
const trimTimeoutMs = 600_000;

export interface QgaAgentOptions {
  readonly session: QgaExchanges;
  /** Nothing is changed in the guest, not even by a command. Default: false. */
  readonly isReadOnly?: boolean | undefined;
  readonly clock: LinkClock;
  /** Milliseconds between samples. Default: 10 s. */
  readonly sampleMs?: number | undefined;
  /** Default: none, so that a freeze lasts if this process is killed. */
  readonly freezes?: FreezeRecords | undefined;
}

/** An agent that speaks the protocol of the QEMU guest agent. */
export function qgaAgent({
  session,
  isReadOnly = false,
  clock,
  sampleMs = usualSampleMs,
  freezes: records = noFreezeRecords,
}: QgaAgentOptions): ForeignAgent {
  const busy = new BusyShare();
  const freezes = new QgaFreezes(session, clock, records);
  let facts: ForeignFacts = { version: '', capabilities: [], system: {} };
  /** While it is frozen, an agent reports most commands as turned off. */
  let isFrozenFacts = true;
  const start: NonNullable<ForeignAgent['start']> = async (spec, input, signal) => {
    freezes.assertThawed();
    return await startByQga(session, clock, spec, input, signal);
  };
  const run: RunInGuest = async (argv, signal) =>
    await (await start({ argv: [...argv] }, undefined, signal)).ended(signal);
  const runIfAble = (): RunInGuest | undefined => (facts.capabilities.includes('exec') ? run : undefined);
  return {
    dialect: 'qga',
    title: 'The protocol of the QEMU guest agent',
    sampleMs,
    takesInput: true,
    open: async (signal) => {
      const found = await session.exchange(signal, (call) => qgaFacts(call));
      // What is known from before the freeze holds.
      if (isFrozenFacts || !found.isFrozen) {
        facts = found;
        isFrozenFacts = found.isFrozen;
      }
      await freezes.found(found.isFrozen);
      return isReadOnly ? readOnlyFacts(facts) : facts;
    },
    sample: async (signal): Promise<ForeignTelemetry> => {
      const open = new Set<unknown>();
      try {
        const sample = busy.added(await session.exchange(signal, (call) => qgaSample(call, facts, open)));
        if (isFrozenFacts && sample.frozen !== true)
          throw new OperationError('AGENT_UNREACHABLE', 'It was found while it was frozen, and is asked again.');
        return { ...sample, ...present({ freezeLeaseLeftMs: freezes.leaseLeftMs }) };
      } finally {
        for (const handle of open) void closeHandle(session, handle);
      }
    },
    ping: async (signal) => {
      await session.call(signal, 'guest-ping');
    },
    calls: new Map<string, ForeignCall>([
      ...fileCalls(runIfAble),
      [PowerServiceLite.shutdown.name, (request, signal) => shutDown(session, request, signal)],
      [AccountServiceLite.change.name, (request, signal) => setPasswordByQga(session, request, signal)],
      [FilesystemServiceLite.freeze.name, (request, signal) => freezes.freeze(request, signal)],
      [FilesystemServiceLite.renew.name, (request, signal) => freezes.renew(request, signal)],
      [FilesystemServiceLite.thaw.name, (request, signal) => freezes.thaw(request, signal)],
      [FilesystemServiceLite.getFreeze.name, async () => freezes.report()],
      [FilesystemServiceLite.trim.name, (request, signal) => trim(session, request, signal)],
      [
        TelemetryServiceLite.adjustClock.name,
        async ({ stepNs = 0n }: { readonly stepNs?: bigint }, signal) => {
          if (isReadOnly && stepNs !== 0n) throw lacks(`The clock is not set: ${readOnlyReason}`, 'telemetry');
          return { wallTimeUnixNs: await adjustClock(session, stepNs, signal) };
        },
      ],
    ]),
    start,
    readFile: async (request, signal) => {
      freezes.assertThawed();
      return await readByQga(session, request, signal);
    },
    writeFile: async (open, source, verify, signal) => {
      freezes.assertThawed();
      return await writeByQga(session, runIfAble(), open, source, verify, signal);
    },
    close: async () => undefined,
    end: () => freezes.close(),
  };
}

const readOnlyReason = 'it was adopted for reading only; adopt it again with access=full';

/** Only figures are left: a command or a file could change anything, or show what nobody was asked about. */
function readOnlyFacts(facts: ForeignFacts): ForeignFacts {
  const withheld = facts.capabilities.filter((name) => name !== 'telemetry');
  const whyNot = new Map(facts.whyNot);
  for (const name of withheld) whyNot.set(name, readOnlyReason);
  return { ...facts, capabilities: facts.capabilities.filter((name) => name === 'telemetry'), whyNot };
}

/** All file systems: the protocol has no word for some of them. */
async function trim(session: QgaExchanges, request: TrimRequest, signal: AbortSignal): Promise<object> {
  const { mountPoints = [], minimumBytes = 0n } = request;
  if (mountPoints.length > 0) throw lacks('The QEMU guest agent trims all file systems, not some', 'filesystem.trim');
  const minimum = minimumBytes === 0n ? {} : { minimum: Number(minimumBytes) };
  const answer = objectOf(
    await session.call(signal, 'guest-fstrim', minimum, { timeoutMs: trimTimeoutMs }),
    'The trim',
  );
  const paths = objectsOf(answer['paths'], 'The trimmed file systems');
  const filesystems = paths.slice(0, maxReportedFilesystems).map((each) => ({
    mountPoint: textOf(each['path']).slice(0, 4096),
    error: textOf(each['error']).slice(0, 400),
    ...present({ trimmedBytes: countOf(each['trimmed']) }),
  }));
  return { filesystems, filesystemsOmitted: paths.length - filesystems.length };
}

const modes: Readonly<Partial<Record<ShutdownMode, string>>> = {
  [ShutdownMode.REBOOT]: 'reboot',
  [ShutdownMode.HALT]: 'halt',
};

/** The agent answers this only if it fails. */
async function shutDown(session: QgaExchanges, request: ShutdownRequest, signal: AbortSignal): Promise<object> {
  if ((request.delaySeconds ?? 0) > 0) throw lacks('The QEMU guest agent cannot shut down later', 'power.more');
  const mode = modes[request.mode] ?? 'powerdown';
  await session.call(signal, 'guest-shutdown', { mode }, { silentMs: shutdownSilenceMs });
  return { method: 'guest-shutdown' };
}

/** Reads the guest's clock, after moving it. */
async function adjustClock(session: QgaExchanges, stepNs: bigint, signal: AbortSignal): Promise<bigint> {
  return await session.exchange(signal, async (call) => {
    const now = async (): Promise<bigint> => {
      const time = await call('guest-get-time');
      if (typeof time !== 'number' || !Number.isFinite(time)) throw misbehaves('The guest’s time is not a number.');
      return BigInt(Math.round(time));
    };
    if (stepNs === 0n) return await now();
    const wanted = (await now()) + stepNs;
    if (wanted < 0n) throw new OperationError('INVALID_ARGUMENT', 'The time must be from 1970 to 2116.');
    // As a number: the last 8 bits of nanoseconds are lost, which is less than the time that this takes.
    await call('guest-set-time', { time: Number(wanted) });
    return await now();
  });
}
