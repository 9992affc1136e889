import { HardwareClock, SystemServiceLite, TelemetryServiceLite } from '@innkeeper/contract/agent-lite';
import { isOperationError } from '@innkeeper/contract/errors';
import { type JsonValue, object } from '../json-value.ts';
import { ask, type QgaCommand, type QgaSteps, simple } from '../qga-command.ts';
import { QgaError } from '../qga-error.ts';
import { readTelemetry } from '../telemetry.ts';

const nsPerUs = 1000n;
/** 1 January 2070. */
const endOfTimeNs = 3_155_760_000n * 1_000_000_000n;

/** The clock, the names of the system, and who is logged in. */
export const systemCommands: readonly QgaCommand[] = [
  simple('guest-get-time', function* () {
    const ns = yield* readClock();
    return ns - (ns % nsPerUs);
  }),
  {
    name: 'guest-set-time',
    needs: [SystemServiceLite.syncClock],
    prepare: (parameters) => {
      const time = parameters.optionalInteger('time');
      return () => setTime(time);
    },
  },
  simple('guest-get-host-name', function* () {
    const { hostname } = yield* ask(TelemetryServiceLite.getSystem, {});
    return object({ 'host-name': hostname });
  }),
  simple('guest-get-osinfo', readOsInfo),
  simple('guest-get-timezone', readTimeZone, { needs: [SystemServiceLite.getSettings] }),
  simple('guest-get-users', readUsers),
  simple('guest-get-load', function* () {
    const { load } = yield* readTelemetry();
    return object({
      load1m: load?.oneMinute ?? 0,
      load5m: load?.fiveMinutes ?? 0,
      load15m: load?.fifteenMinutes ?? 0,
    });
  }),
];

function* readClock(): QgaSteps<bigint> {
  try {
    return (yield* ask(TelemetryServiceLite.adjustClock, {})).wallTimeUnixNs;
  } catch (error) {
    // A guest whose policy forbids changes may still be asked.
    if (!isOperationError(error) || error.reason !== 'DENIED_BY_GUEST_POLICY') throw error;
    return (yield* readTelemetry()).wallTimeUnixNs;
  }
}

function* setTime(time: bigint | undefined): QgaSteps<JsonValue> {
  if (time !== undefined && (time < 0n || time >= endOfTimeNs)) throw new QgaError('Invalid time');
  const { detail } = yield* ask(
    SystemServiceLite.syncClock,
    time === undefined
      ? { hardwareClock: HardwareClock.READ }
      : { setUnixNs: time - (time % nsPerUs), hardwareClock: HardwareClock.WRITE },
  );
  const way = time === undefined ? 'system time from hardware clock' : 'hardware clock to system time';
  if (detail !== '') throw new QgaError(`hwclock failed to set ${way}: ${detail}`);
  return object({});
}

function* readTimeZone(): QgaSteps<JsonValue> {
  const settings = yield* ask(SystemServiceLite.getSettings, { withOffset: true });
  return object({ zone: present(settings.zoneAbbreviation), offset: BigInt(settings.utcOffsetSeconds ?? 0) });
}

function* readOsInfo(): QgaSteps<JsonValue> {
  const system = yield* ask(TelemetryServiceLite.getSystem, {});
  return object({
    'kernel-release': present(system.kernelRelease),
    'kernel-version': present(system.kernelVersion),
    machine: present(system.architecture),
    id: present(system.osId),
    name: present(system.osName),
    'pretty-name': present(system.osPrettyName),
    version: present(system.osVersionName),
    'version-id': present(system.osVersion),
    variant: present(system.osVariant),
    'variant-id': present(system.osVariantId),
  });
}

/** One entry a user, with the first login. */
function* readUsers(): QgaSteps<JsonValue> {
  const { users } = yield* readTelemetry();
  const since = new Map<string, bigint>();
  for (const { name, sinceUnixNs = 0n } of users) {
    const first = since.get(name);
    if (first === undefined || sinceUnixNs < first) since.set(name, sinceUnixNs);
  }
  return [...since].map(([user, ns]) => object({ user, 'login-time': Number(ns / nsPerUs) / 1e6 }));
}

function present(text: string): string | undefined {
  return text === '' ? undefined : text;
}
