import type { HardwareUnit } from '@innkeeper/contract/agent';
import { HardwareKind, PowerServiceLite as service } from '@innkeeper/contract/agent-lite';
import { isOperationError } from '@innkeeper/contract/errors';
import type { Arguments } from '../arguments.ts';
import { type JsonValue, object } from '../json-value.ts';
import { ask, type QgaCommand, type QgaSteps, simple } from '../qga-command.ts';

const enoent = 2n;

interface Wanted {
  readonly id: bigint;
  readonly online: boolean;
}

const fromHardware = { needs: [service.listHardware] };

/** CPUs and blocks of memory. */
export const hardwareCommands: readonly QgaCommand[] = [
  simple('guest-get-vcpus', () => list(HardwareKind.CPU, 'logical-id'), fromHardware),
  {
    name: 'guest-set-vcpus',
    needs: [service.setHardware],
    prepare: (parameters) => {
      const wanted = parameters.objects('vcpus', (item) => readWanted(item, 'logical-id'));
      return () => setCpus(wanted);
    },
  },
  simple('guest-get-cpustats', readCpuStats, fromHardware),
  simple('guest-get-memory-blocks', () => list(HardwareKind.MEMORY, 'phys-index'), fromHardware),
  {
    name: 'guest-set-memory-blocks',
    needs: [service.setHardware],
    prepare: (parameters) => {
      const wanted = parameters.objects('mem-blks', (item) => readWanted(item, 'phys-index'));
      return () => setMemory(wanted);
    },
  },
  simple('guest-get-memory-block-info', readBlockSize, fromHardware),
];

function* readBlockSize(): QgaSteps<JsonValue> {
  const { blockBytes = 0n } = yield* ask(service.listHardware, { kind: HardwareKind.MEMORY });
  return object({ size: blockBytes });
}

function readWanted(item: Arguments, idName: string): Wanted {
  const id = item.integer(idName);
  const online = item.boolean('online');
  item.optionalBoolean('can-offline');
  return { id, online };
}

function* list(kind: HardwareKind, idName: string): QgaSteps<JsonValue> {
  const { units } = yield* ask(service.listHardware, { kind });
  return units.map(({ id, online, fixed }) => object({ [idName]: BigInt(id), online, 'can-offline': !fixed }));
}

/** The number of those that are as wanted, up to the first that cannot be; an error only if that is the first. */
function* setCpus(wanted: readonly Wanted[]): QgaSteps<JsonValue> {
  let done = 0n;
  for (const { id, online } of wanted) {
    try {
      yield* set(HardwareKind.CPU, id, online);
    } catch (error) {
      if (done === 0n || !isOperationError(error)) throw error;
      break;
    }
    done++;
  }
  return done;
}

function* setMemory(wanted: readonly Wanted[]): QgaSteps<JsonValue> {
  if (wanted.length === 0) return [];
  const { units } = yield* ask(service.listHardware, { kind: HardwareKind.MEMORY });
  const known = new Map(units.map((unit) => [BigInt(unit.id), unit]));
  const answers: JsonValue[] = [];
  for (const each of wanted) {
    const response = yield* setBlock(known.get(each.id), each);
    const code = response === 'not-found' ? enoent : undefined;
    answers.push(object({ 'phys-index': each.id, response, 'error-code': code }));
  }
  return answers;
}

function* setBlock(unit: HardwareUnit | undefined, { id, online }: Wanted): QgaSteps<string> {
  if (unit === undefined) return 'not-found';
  if (unit.online === online) return 'success';
  if (unit.fixed) return 'operation-not-supported';
  try {
    yield* set(HardwareKind.MEMORY, id, online);
    return 'success';
  } catch (error) {
    if (!isOperationError(error)) throw error;
    return 'operation-failed';
  }
}

function* set(kind: HardwareKind, id: bigint, online: boolean): QgaSteps<void> {
  // A number that no unit has gets the answer that there is none.
  const known = id >= 0n && id <= 0x7fff_ffffn ? Number(id) : 0x7fff_ffff;
  yield* ask(service.setHardware, { kind, ids: [known], online }, 120_000);
}

function* readCpuStats(): QgaSteps<JsonValue> {
  const { units } = yield* ask(service.listHardware, { kind: HardwareKind.CPU });
  return units.flatMap(({ id, times }) =>
    times === undefined
      ? []
      : [
          object({
            type: 'linux',
            cpu: BigInt(id),
            user: times.userMs,
            nice: times.niceMs,
            system: times.systemMs,
            idle: times.idleMs,
            iowait: times.iowaitMs,
            irq: times.irqMs,
            softirq: times.softirqMs,
            steal: times.stealMs,
            guest: times.guestMs,
            guestnice: times.guestNiceMs,
          }),
        ],
  );
}
