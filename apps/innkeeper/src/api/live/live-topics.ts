import { setTimeout as delay } from 'node:timers/promises';
import { create, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import { OperationError } from '@innkeeper/contract';
import { AgentState, type Event, LiveEventSchema, type LiveRequest, type Vm } from '@innkeeper/contract/control';
import { maxPageSize } from '@innkeeper/contract/limits';
import type { Viewer } from '../../access/viewer.ts';
import type { MayRead } from '../../access/withhold.ts';
import { limitOf } from '../../edge/query.ts';
import { fleetSummary } from '../../node/fleet/fleet-summary.ts';
import { listVms } from '../../node/fleet/list-vms.ts';
import { seesVm } from '../../node/fleet/sees-vm.ts';
import { vmRow } from '../../node/fleet/vm-row.ts';
import type { NodeApi } from '../../ports/node-api.ts';
import { ChangeFlag } from '../change-flag.ts';

/** Minimum interval between two events of a topic. */
const liveIntervalMs = 1000;
const overviewEvents = 20;

export type LiveEventInit = Exclude<
  NonNullable<MessageInitShape<typeof LiveEventSchema>['event']>,
  { case: undefined }
>;
type RunEventInit = Extract<LiveEventInit, { case: 'run' }>['value'];

/** The sources of topics; the access layer identifies the viewer. */
export interface LiveSource {
  readonly node: NodeApi;
  readonly viewer: Viewer;
  /** Whether the viewer has a privilege that a topic requires. */
  readonly may: MayRead;
  /** The current state of a run, then its output and changes, checked for this viewer. */
  readonly watchRun: (id: string, signal: AbortSignal) => AsyncIterable<RunEventInit>;
  /** Which of the first steps "run" and "password" the viewer has completed. Absent: neither. */
  readonly moreDoneSteps?: (() => Promise<readonly string[]>) | undefined;
}

/** The events of the topic that a request names, without end; fails when the topic does not exist or no longer exists. */
export function openTopic(source: LiveSource, request: LiveRequest, signal: AbortSignal): AsyncIterable<LiveEventInit> {
  const { node, viewer } = source;
  const { fleet } = node;
  const topic = request.request;
  switch (topic.case) {
    case 'listVms': {
      const pageSize = topic.value.pageSize === 0 ? maxPageSize : topic.value.pageSize;
      return whenChanged(node.vms.onChange, signal, () => {
        const { entries, total } = listVms(fleet, { ...topic.value, pageSize }, viewer);
        return { case: 'listVms', value: { vms: entries.map((entry) => vmRow(entry.describe())), total } };
      });
    }
    case 'vm': {
      const { id } = visibleVm(source, topic.value.vm);
      return whenChanged(changesOf(source, id), signal, () => ({ case: 'vm', value: visibleVm(source, id) }));
    }
    case 'fleet':
      return whenChanged(node.vms.onChange, signal, async () => ({
        case: 'fleet',
        value: {
          ...fleetSummary(fleet, viewer),
          events: await visibleEvents(source, overviewEvents),
          doneSteps: await doneSteps(source),
        },
      }));
    case 'operations': {
      const limit = limitOf(topic.value.limit, 50, 500);
      return whenChanged(node.operations.onChange, signal, async () => {
        const operations = await node.operations.list(limit);
        return {
          case: 'operations',
          value: { operations: operations.filter((each) => seesVm(viewer, fleet, each.vmId)) },
        };
      });
    }
    case 'events': {
      const { vm, limit } = topic.value;
      const most = limitOf(limit, 100, 1000);
      const vmId = vm === '' ? undefined : visibleVm(source, vm).id;
      return whenChanged(changesOf(source, vmId), signal, async () => ({
        case: 'events',
        value: { events: vmId === undefined ? await visibleEvents(source, most) : await node.vms.events(vmId, most) },
      }));
    }
    case 'run':
      return runTopic(source, topic.value.id, signal);
    default:
      throw new OperationError('INVALID_ARGUMENT', 'The live request has no topic that this daemon supports.');
  }
}

async function* runTopic(source: LiveSource, id: string, signal: AbortSignal): AsyncGenerator<LiveEventInit> {
  for await (const value of source.watchRun(id, signal)) yield { case: 'run', value };
}

/** Yields the result of `look` now, and again whenever a change made it different. */
async function* whenChanged(
  onChange: (listener: () => void) => () => void,
  signal: AbortSignal,
  look: () => Promise<LiveEventInit> | LiveEventInit,
): AsyncGenerator<LiveEventInit> {
  const changed = new ChangeFlag();
  const stop = onChange(() => changed.raise());
  let last: Uint8Array | undefined;
  try {
    for (;;) {
      const lookedMs = performance.now();
      const event = await look();
      const bytes = toBinary(LiveEventSchema, create(LiveEventSchema, { event }));
      if (last === undefined || Buffer.compare(last, bytes) !== 0) yield event;
      last = bytes;
      await changed.look(signal);
      await delay(Math.max(0, lookedMs + liveIntervalMs - performance.now()), undefined, { signal });
    }
  } finally {
    stop();
  }
}

/** What wakes a topic: changes of one VM, or of all. A topic of one VM is not woken by other VMs. */
function changesOf({ node }: LiveSource, vmId: string | undefined): (listener: () => void) => () => void {
  const vm = vmId === undefined ? undefined : node.vms.byId(vmId);
  return (listener) => (vm === undefined ? node.vms.onChange(listener) : vm.onChange(listener));
}

/** Fails with VM_NOT_FOUND, also for a VM that is hidden from the viewer. */
function visibleVm({ node, viewer }: LiveSource, idOrName: string): Vm {
  const vm = node.vms.find(idOrName).describe();
  if (!viewer.sees(vm)) throw new OperationError('VM_NOT_FOUND', `There is no VM named "${idOrName.slice(0, 80)}".`);
  return vm;
}

async function visibleEvents({ node, viewer }: LiveSource, limit: number): Promise<Event[]> {
  const events = await node.vms.events(undefined, viewer.seesEverything ? limit : maxPageSize);
  return events.filter(({ vmId }) => seesVm(viewer, node.fleet, vmId)).slice(0, limit);
}

async function doneSteps({ node, moreDoneSteps }: LiveSource): Promise<string[]> {
  const vms = node.fleet.entries();
  const steps = [
    { step: 'image', done: (await node.images.list()).length > 0 },
    { step: 'vm', done: vms.length > 0 },
    { step: 'agent', done: vms.some(({ vm }) => vm.agent.state === AgentState.CONNECTED) },
  ];
  return [...steps.filter(({ done }) => done).map(({ step }) => step), ...((await moreDoneSteps?.()) ?? [])];
}
