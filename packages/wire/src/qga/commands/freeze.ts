import type { FreezeReport } from '@innkeeper/contract/agent';
import { FilesystemVerdict, FreezePhase, FilesystemServiceLite as service } from '@innkeeper/contract/agent-lite';
import { isOperationError } from '@innkeeper/contract/errors';
import { type JsonValue, object } from '../json-value.ts';
import { ask, type QgaCommand, type QgaGuest, type QgaSteps, simple } from '../qga-command.ts';
import { readTelemetry } from '../telemetry.ts';

const whileFrozen = { whileFrozen: true } as const;
const freezeTimeoutMs = 360_000;
const trimTimeoutMs = 3_600_000;
const frozenPhases: readonly FreezePhase[] = [FreezePhase.FREEZING, FreezePhase.FROZEN, FreezePhase.THAWING];

/** guest-fsfreeze-* and guest-fstrim. A freeze is a lease, which nobody renews in this protocol. */
export const freezeCommands: readonly QgaCommand[] = [
  simple('guest-fsfreeze-status', status, whileFrozen),
  simple('guest-fsfreeze-freeze', (guest) => freeze(guest, undefined)),
  {
    name: 'guest-fsfreeze-freeze-list',
    prepare: (parameters, guest) => {
      const wanted = parameters.optionalTexts('mountpoints');
      return () => freeze(guest, wanted);
    },
  },
  simple('guest-fsfreeze-thaw', thaw, whileFrozen),
  {
    name: 'guest-fstrim',
    prepare: (parameters) => {
      const minimum = parameters.optionalInteger('minimum') ?? 0n;
      return () => trim(minimum);
    },
  },
];

function* status(): QgaSteps<JsonValue> {
  const { phase } = yield* ask(service.getFreeze, {});
  return frozenPhases.some((each) => each === phase) ? 'frozen' : 'thawed';
}

function* freeze({ freezeLeaseMs, freshId }: QgaGuest, wanted: readonly string[] | undefined): QgaSteps<JsonValue> {
  const mountPoints = wanted === undefined ? [] : yield* mounted(wanted);
  if (wanted !== undefined && mountPoints.length === 0) return 0n;
  const lease = freezeLeaseMs === 0 ? { longestLease: true } : { leaseMs: freezeLeaseMs };
  return frozenCount(yield* ask(service.freeze, { id: freshId(), mountPoints, ...lease }, freezeTimeoutMs));
}

/** Those that are mounted: QGA ignores the others. */
function* mounted(wanted: readonly string[]): QgaSteps<string[]> {
  if (wanted.length === 0) return [];
  const { mounts } = yield* readTelemetry();
  const known = new Set(mounts.map(({ mountPoint }) => mountPoint));
  return [...new Set(wanted)].filter((path) => known.has(path));
}

function* thaw(): QgaSteps<JsonValue> {
  try {
    return frozenCount(yield* ask(service.thaw, {}, freezeTimeoutMs));
  } catch (error) {
    if (isOperationError(error) && error.reason === 'NOT_FROZEN') return 0n;
    throw error;
  }
}

function frozenCount({ filesystems }: FreezeReport): bigint {
  return BigInt(filesystems.filter(({ verdict }) => verdict === FilesystemVerdict.FROZEN).length);
}

function* trim(minimum: bigint): QgaSteps<JsonValue> {
  const { filesystems } = yield* ask(service.trim, { minimumBytes: minimum < 0n ? 0n : minimum }, trimTimeoutMs);
  const paths = filesystems.map(({ mountPoint, trimmedBytes, error, unsupported }) =>
    trimmedBytes === undefined
      ? object({ path: mountPoint, error: unsupported ? 'trim not supported' : `failed to trim: ${error}` })
      : object({ path: mountPoint, trimmed: trimmedBytes, minimum }),
  );
  return object({ paths });
}
