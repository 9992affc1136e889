import { hostname } from 'node:os';
import { create } from '@bufbuild/protobuf';
import { type AgentLink, hostClock } from '@innkeeper/agent-client';
import { assertVmAction, OperationError } from '@innkeeper/contract';
import {
  ClockSyncSchema,
  type Event,
  EventSchema,
  type Image,
  type Node as NodeMessage,
  NodeSchema,
  type Operation,
} from '@innkeeper/contract/control';
import { withDeadline } from '@innkeeper/kit';
import type { EventRow, OperationRow } from '@innkeeper/store';
import type { NodeApi, VmApi, Waiting } from '../ports/node-api.ts';
import { adoptVm, releaseVm } from './adopted/adopt-vm.ts';
import { libvirtDomains } from './adopted/libvirt-domains.ts';
import { ProxmoxServers } from './adopted/proxmox-servers.ts';
import { refuseAdopted } from './adopted/refuse-adopted.ts';
import { FleetIndex } from './fleet/fleet-index.ts';
import { folderBytes } from './folder-bytes.ts';
import { HostMeter } from './host-usage.ts';
import { imageMessage } from './image-message.ts';
import type { Node } from './node.ts';
import { nanoseconds, operationMessage } from './operation-message.ts';
import { agentInstaller, installAgent } from './updates/install-agent.ts';
import { updateAgent } from './updates/update-agent.ts';
import { checkReportedAddress } from './vm/check-reported-address.ts';
import { createVm } from './vm/create-vm.ts';
import { diagnose } from './vm/diagnose.ts';
import { syncClock } from './vm/sync-clock.ts';
import { updateVm } from './vm/update-vm.ts';
import { vmMessage, vmSummary } from './vm/vm-message.ts';
import { deleteVm, killVm, startVm, stopVm } from './vm/vm-operations.ts';
import type { VmRunner } from './vm/vm-runner.ts';
import { wakeVm } from './vm/wake-vm.ts';

/** How long a guest method waits for an agent that has not connected yet. */
const agentWaitMs = 5_000;

/** Implements the API's view of a node over the node in this process. */
export function createLocalNode(node: Node): NodeApi {
  const { operations, context } = node;
  const meter = new HostMeter();
  const wrap = (runner: VmRunner): VmApi => localVm(node, runner);
  const vms: NodeApi['vms'] = {
    list: () => node.list().map(wrap),
    byId: (id) => {
      const runner = node.find(id);
      return runner === undefined ? undefined : wrap(runner);
    },
    find: (idOrName) => wrap(node.get(idOrName)),
    create: (request) => asMessage(createVm(node, request)),
    adopt: async (request) => vmMessage(await adoptVm(node, request)),
    libvirtDomains,
    connectProxmox: (request) => new ProxmoxServers(context.folder.adopted).connect(request),
    onChange: (listener) => node.changes.add(listener),
    events: async (vmId, limit, beforeId, nodeId) =>
      (await context.store.events.list(vmId, limit, beforeId, nodeId)).map((row) =>
        eventMessage(row, node.find(row.vm_id)?.row.name ?? ''),
      ),
  };
  return {
    id: context.nodeId,
    describe: () => describeNode(node, meter),
    fleet: new FleetIndex(vms, context.agentBinary?.version ?? ''),
    vms,
    agentPaths: context.agentBinary?.paths ?? {},
    updateKeyLine: context.updateKey.line,
    images: {
      list: () => listImages(node),
      add: (request) => asMessage(node.images.addFrom(request)),
      build: (request) => asMessage(node.images.build(request.kind, request.name, request.rebuild)),
      remove: (name) => asMessage(node.images.remove(name)),
      uploads: node.images.uploads,
    },
    operations: {
      find: (id) => asMessage(operations.get(id)),
      list: async (limit, before, nodeId) => {
        const place = before === undefined ? undefined : { started_ms: before.startedMs, id: before.id };
        return (await operations.list(limit, place, nodeId)).map(operationMessage);
      },
      cancel: (id) => asMessage(operations.cancel(id)),
      watch: (id, options) => watchOperation(node, id, options?.signal ?? new AbortController().signal),
      onChange: (listener) => operations.changes.add(listener),
    },
  };
}

function localVm(node: Node, runner: VmRunner): VmApi {
  const { id } = runner.row;
  return {
    id,
    // It may be renamed.
    get name() {
      return runner.row.name;
    },
    get tags() {
      return JSON.parse(runner.row.tags) as Record<string, string>;
    },
    describe: () => vmMessage(runner),
    summary: () => vmSummary(runner),
    reportAddress: (address) => runner.agent.reportAddress(checkReportedAddress(address)),
    assertAllowed: (action) => {
      refuseAdopted(runner, action);
      assertVmAction(runner.row.name, runner.life.state, action);
    },
    agent: (options) => connectedAgent(runner, options),
    console: () => {
      refuseAdopted(runner, 'console');
      if (runner.running === undefined)
        throw new OperationError('VM_NOT_RUNNING', `The VM "${runner.row.name}" is not running.`);
      return runner.running.console;
    },
    update: async (change) => {
      await updateVm(node, id, change);
      return vmMessage(runner);
    },
    start: () => asMessage(startVm(node, id)),
    stop: (timeoutMs) => asMessage(stopVm(node, id, timeoutMs)),
    kill: () => asMessage(killVm(node, id)),
    delete: (force) => asMessage(deleteVm(node, id, force)),
    release: () => releaseVm(node, id),
    wake: async (options) => {
      await wakeVm(runner, options);
      return vmMessage(runner);
    },
    updateAgent: (choices) => asMessage(updateAgent(node, id, choices)),
    installAgent: () => asMessage(installAgent(node, id)),
    agentInstaller: (architecture) => agentInstaller(node, runner, architecture),
    diagnose: (options) => diagnose(runner, options),
    syncClock: async (setUnixNs, options) => {
      const set = await syncClock(await connectedAgent(runner, options), setUnixNs, options.signal);
      runner.agent.noteClock(set);
      return create(ClockSyncSchema, set);
    },
    onChange: (listener) =>
      node.changes.add((changedId) => {
        if (changedId === id) listener();
      }),
  };
}

/** Waits for an agent that may be about to connect, for example after a start of the daemon. */
async function connectedAgent(runner: VmRunner, { signal }: Waiting): Promise<AgentLink> {
  const mayConnect = (): boolean => ['waiting', 'lost'].includes(runner.agent.state.state);
  const late = new Error('the agent did not connect in time');
  const terms = { timers: hostClock, timeoutMs: agentWaitMs, signal, late: () => late };
  try {
    await withDeadline(terms, (either) => runner.until(() => !mayConnect(), either));
  } catch (error) {
    if (error !== late) throw error;
  }
  return runner.agent.requireLink(runner.row.name);
}

async function asMessage(row: Promise<OperationRow>): Promise<Operation> {
  return operationMessage(await row);
}

async function* watchOperation(node: Node, id: string, signal: AbortSignal): AsyncGenerator<Operation> {
  for await (const row of node.operations.watch(id, signal)) yield operationMessage(row);
}

async function describeNode(node: Node, meter: HostMeter): Promise<NodeMessage> {
  const { context } = node;
  const [probe, usage] = await Promise.all([node.probe(), meter.measure(context.folder.path)]);
  const running = node.list().filter(({ running }) => running !== undefined);
  return create(NodeSchema, {
    id: context.nodeId,
    name: hostname(),
    version: context.version,
    pid: process.pid,
    dataDirectory: context.folder.path,
    accelerator: probe.available ? probe.accelerator : '',
    acceleratorReason: probe.available ? probe.acceleratorReason : probe.reason,
    hypervisorVersion: probe.version,
    agentVersion: context.agentBinary?.version ?? '',
    startedUnixNs: nanoseconds(node.startedMs),
    usage: {
      ...usage,
      runningVms: running.length,
      assignedCpus: running.reduce((sum, { row }) => sum + row.cpus, 0),
      assignedMemoryBytes: BigInt(running.reduce((sum, { row }) => sum + row.memory_bytes, 0)),
    },
  });
}

async function listImages(node: Node): Promise<Image[]> {
  const { store, folder } = node.context;
  const [rows, counts] = await Promise.all([store.images.list(), store.vms.countByImage()]);
  return await Promise.all(
    rows.map(async (row) =>
      imageMessage(row, {
        vmCount: counts.get(row.name) ?? 0,
        diskBytes: await folderBytes(folder.imageFolder(row.name)),
      }),
    ),
  );
}

function eventMessage(row: EventRow, vmName: string): Event {
  return create(EventSchema, {
    id: BigInt(row.id),
    timeUnixNs: nanoseconds(row.time_ms),
    vmId: row.vm_id,
    kind: row.kind,
    message: row.message,
    vmName,
    count: row.count,
    firstTimeUnixNs: nanoseconds(row.first_ms ?? row.time_ms),
    node: row.node_id,
  });
}
