import { create, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import { OperationError } from '@innkeeper/contract';
import {
  AgentState,
  type Event,
  ListVmsRequestSchema,
  LiveEventSchema,
  type LiveRequest,
  type Vm,
  type WatchFolderRequest,
} from '@innkeeper/contract/control';
import { maxPageSize } from '@innkeeper/contract/limits';
import type { Viewer } from '../../access/viewer.ts';
import { type MayRead, withhold } from '../../access/withhold.ts';
import { limitOf } from '../../edge/query.ts';
import { fleetSummary } from '../../node/fleet/fleet-summary.ts';
import { listVms } from '../../node/fleet/list-vms.ts';
import { seesVm } from '../../node/fleet/sees-vm.ts';
import { vmRow } from '../../node/fleet/vm-row.ts';
import type { NodeApi } from '../../ports/node-api.ts';
import type { SharedSource, SharedTopics } from './shared-topics.ts';

const overviewEvents = 20;

export type LiveEventInit = Exclude<
  NonNullable<MessageInitShape<typeof LiveEventSchema>['event']>,
  { case: undefined }
>;
type RunEventInit = Extract<LiveEventInit, { case: 'run' }>['value'];
type FolderStateInit = Extract<LiveEventInit, { case: 'folder' }>['value'];

/** What a viewer may see, as it was when it was asked for. */
export interface LiveRights {
  /** The same for viewers who may see the same. */
  readonly key: string;
  readonly viewer: Viewer;
  /** Whether the viewer has a privilege that a topic requires. */
  readonly may: MayRead;
}

/** The sources of topics; the access layer identifies the viewer. */
export interface LiveSource {
  readonly node: NodeApi;
  /** Those that several viewers share. */
  readonly topics: SharedTopics;
  /** The viewer's name. */
  readonly user: string;
  /** What the viewer may see now. */
  readonly rights: () => LiveRights;
  /** The current state of a run, then its output and changes, checked for this viewer. */
  readonly watchRun: (id: string, signal: AbortSignal) => AsyncIterable<RunEventInit>;
  /** When a folder of a guest changes, checked for this viewer. */
  readonly watchFolder: (request: WatchFolderRequest, signal: AbortSignal) => AsyncIterable<FolderStateInit>;
  /** Which of the first steps "run" and "password" the viewer has completed. Absent: neither. */
  readonly moreDoneSteps?: (() => Promise<readonly string[]>) | undefined;
}

/** A topic for one set of rights. */
interface Topic {
  /** Tells it from other topics of the same rights. */
  readonly key: string;
  readonly onChange: (listener: () => void) => () => void;
  readonly look: () => Promise<LiveEventInit> | LiveEventInit;
}

/** A LiveEvent without its id, as bytes: that of a topic stands before it. Holds what the viewer may read, no more. */
export function encodeEvent(event: LiveEventInit, may: MayRead): Uint8Array {
  return toBinary(LiveEventSchema, withhold(LiveEventSchema, create(LiveEventSchema, { event }), 'vm.view', may));
}

/**
 * What a request subscribes to, as encoded events without end, the same bytes for all viewers who may see the same. Fails
 * when the topic cannot be, or is no more.
 */
export async function* openTopic(
  source: LiveSource,
  request: LiveRequest,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const topic = request.request;
  if (topic.case === 'run') {
    for await (const value of source.watchRun(topic.value.id, signal))
      yield encodeEvent({ case: 'run', value }, source.rights().may);
    return;
  }
  if (topic.case === 'folder') {
    for await (const value of source.watchFolder(topic.value, signal))
      yield encodeEvent({ case: 'folder', value }, source.rights().may);
    return;
  }
  for (;;) {
    const rights = source.rights();
    const { key, onChange, look } = topicOf(source, request, rights);
    const shared = (): SharedSource => ({
      onChange,
      look: async () => encodeEvent(await look(), rights.may),
    });
    for await (const bytes of source.topics.follow(`${rights.key} ${topic.case} ${key}`, shared, signal)) {
      // Looked at with rights that the viewer no longer has.
      if (source.rights().key !== rights.key) break;
      yield bytes;
    }
  }
}

function topicOf(source: LiveSource, { request: topic }: LiveRequest, rights: LiveRights): Topic {
  const { node } = source;
  const { viewer } = rights;
  const { fleet } = node;
  switch (topic.case) {
    case 'listVms': {
      const pageSize = topic.value.pageSize === 0 ? maxPageSize : topic.value.pageSize;
      const asked = { ...topic.value, pageSize };
      return {
        key: Buffer.from(toBinary(ListVmsRequestSchema, asked)).toString('latin1'),
        onChange: node.vms.onChange,
        look: () => {
          const { entries, total } = listVms(fleet, asked, viewer);
          return { case: 'listVms', value: { vms: entries.map((entry) => vmRow(entry.describe())), total } };
        },
      };
    }
    case 'vm': {
      const { id } = visibleVm(node, viewer, topic.value.vm);
      const look = (): LiveEventInit => ({ case: 'vm', value: visibleVm(node, viewer, id) });
      return { key: id, onChange: changesOf(node, id), look };
    }
    case 'fleet':
      return {
        key: source.user,
        onChange: node.vms.onChange,
        look: async () => ({
          case: 'fleet',
          value: {
            ...fleetSummary(fleet, viewer),
            events: await visibleEvents(node, viewer, overviewEvents),
            doneSteps: await doneSteps(source),
          },
        }),
      };
    case 'operations': {
      const limit = limitOf(topic.value.limit, 50, 500);
      return {
        key: `${limit} ${topic.value.node}`,
        onChange: node.operations.onChange,
        look: async () => {
          const operations = await node.operations.list(limit, undefined, topic.value.node || undefined);
          const seen = operations.filter((each) => seesVm(viewer, fleet, each.vmId));
          return { case: 'operations', value: { operations: seen } };
        },
      };
    }
    case 'events': {
      const { vm, limit } = topic.value;
      const nodeId = topic.value.node || undefined;
      const most = limitOf(limit, 100, 1000);
      const vmId = vm === '' ? undefined : visibleVm(node, viewer, vm).id;
      return {
        key: `${vmId ?? ''} ${most} ${nodeId ?? ''}`,
        onChange: changesOf(node, vmId),
        look: async () => {
          const events = await (vmId === undefined
            ? visibleEvents(node, viewer, most, nodeId)
            : node.vms.events(vmId, most, undefined, nodeId));
          return { case: 'events', value: { events } };
        },
      };
    }
    default:
      throw new OperationError('INVALID_ARGUMENT', 'The live request has no topic that this daemon supports.');
  }
}

/** What wakes a topic: changes of one VM, or of all. A topic of one VM is not woken by other VMs. */
function changesOf({ vms }: NodeApi, vmId: string | undefined): (listener: () => void) => () => void {
  const vm = vmId === undefined ? undefined : vms.byId(vmId);
  return (listener) => (vm === undefined ? vms.onChange(listener) : vm.onChange(listener));
}

/** Fails with VM_NOT_FOUND, also for a VM that is hidden from the viewer. */
function visibleVm(node: NodeApi, viewer: Viewer, idOrName: string): Vm {
  const vm = node.vms.find(idOrName).describe();
  if (!viewer.sees(vm)) throw new OperationError('VM_NOT_FOUND', `There is no VM named "${idOrName.slice(0, 80)}".`);
  return vm;
}

async function visibleEvents(node: NodeApi, viewer: Viewer, limit: number, nodeId?: string): Promise<Event[]> {
  const events = await node.vms.events(undefined, viewer.seesEverything ? limit : maxPageSize, undefined, nodeId);
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
