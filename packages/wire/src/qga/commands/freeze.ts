import type { FreezeReport } from '@innkeeper/contract/agent';
import { FreezePhase, FilesystemServiceLite as service } from '@innkeeper/contract/agent-lite';
import { isOperationError, type ReasonName } from '@innkeeper/contract/errors';
import { type JsonValue, object } from '../json-value.ts';
import { ask, known, type QgaCommand, type QgaGuest, type QgaSteps, simple } from '../qga-command.ts';

const whileFrozen = { whileFrozen: true } as const;
const freezeTimeoutMs = 360_000;
const trimTimeoutMs = 3_600_000;
const frozenPhases: readonly FreezePhase[] = [FreezePhase.FREEZING, FreezePhase.FROZEN, FreezePhase.THAWING];

/** guest-fsfreeze-* and guest-fstrim. A freeze is a lease, which nobody renews in this protocol. */
export const freezeCommands: readonly QgaCommand[] = [
  simple('guest-fsfreeze-status', status, { ...whileFrozen, needs: [service.getFreeze] }),
  simple('guest-fsfreeze-freeze', (guest) => freeze(guest, []), { needs: [service.freeze] }),
  {
    name: 'guest-fsfreeze-freeze-list',
    needs: [service.freeze],
    prepare: (parameters, guest) => {
      const wanted = parameters.optionalTexts('mountpoints');
      // An empty list is not a missing one.
      return () => (wanted?.length === 0 ? known(0n) : freeze(guest, wanted ?? []));
    },
  },
  simple('guest-fsfreeze-thaw', thaw, { ...whileFrozen, needs: [service.thaw] }),
  {
    name: 'guest-fstrim',
    needs: [service.trim],
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

function* freeze({ freezeLeaseMs, freshId }: QgaGuest, mountPoints: readonly string[]): QgaSteps<JsonValue> {
  const lease = freezeLeaseMs === 0 ? { longestLease: true } : { leaseMs: freezeLeaseMs };
  const request = { id: freshId(), mountPoints: [...new Set(mountPoints)], skipUnmounted: true, ...lease };
  return yield* countUnless('MOUNT_NOT_FOUND', ask(service.freeze, request, freezeTimeoutMs));
}

function thaw(): QgaSteps<JsonValue> {
  return countUnless('NOT_FROZEN', ask(service.thaw, {}, freezeTimeoutMs));
}

/** The number of frozen file systems; 0 if the call failed because there are none. */
function* countUnless(none: ReasonName, steps: QgaSteps<FreezeReport>): QgaSteps<JsonValue> {
  try {
    return BigInt((yield* steps).frozenCount);
  } catch (error) {
    if (isOperationError(error) && error.reason === none) return 0n;
    throw error;
  }
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
