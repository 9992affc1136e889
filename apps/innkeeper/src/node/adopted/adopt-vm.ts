import { randomUUID } from 'node:crypto';
import { realpath } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { detectDialect } from '@innkeeper/agent-client';
import {
  type AgentAddress,
  formatAgentAddress,
  namesDialect,
  OperationError,
  parseAgentAddress,
} from '@innkeeper/contract';
import type { AdoptVmRequest } from '@innkeeper/contract/control';
import { adoptedRecord } from '@innkeeper/hypervisor';
import { unknownAgentInstall } from '../images/agent-install.ts';
import { checkName } from '../names.ts';
import type { Node } from '../node.ts';
import type { VmRunner } from '../vm/vm-runner.ts';
import { checkTags } from '../vm/vm-settings.ts';
import { freezeOf } from './freeze-file.ts';
import { ProxmoxServers } from './proxmox-servers.ts';

/**
 * Adds a VM that somebody else runs. Its agent need not answer yet. Fails with INVALID_NAME, INVALID_ARGUMENT or
 * VM_NAME_TAKEN.
 */
export async function adoptVm(
  node: Node,
  { name, agent, tags }: Pick<AdoptVmRequest, 'name' | 'agent' | 'tags'>,
): Promise<VmRunner> {
  checkName(name, 'a VM');
  await refuseOwnSocket(node, parseAgentAddress(agent));
  const address = formatAgentAddress(await withDialect(agent));
  const id = randomUUID();
  await node.context.store.images.allowNone(node.context.nodeId);
  const runner = await node.insert({
    id,
    name,
    // It runs as far as anybody here knows; its agent says more.
    state: 'running',
    state_detail: '',
    image: '',
    cpus: 0,
    memory_bytes: 0,
    disk_bytes: 0,
    mac_address: '',
    tags: JSON.stringify(checkTags(tags)),
    driver: 'adopted',
    record: JSON.stringify(adoptedRecord(id, address)),
    agent: JSON.stringify(unknownAgentInstall),
    base_path: '',
    created_ms: Date.now(),
    started_ms: null,
    autostart: 0,
    stopped_boot_id: '',
    identity: 'keep-hostname',
    node_id: node.context.nodeId,
  });
  await runner.restore();
  await node.note(runner, 'vm.adopted', `${name} was adopted; its agent is at ${address}.`);
  return runner;
}

/** The daemon's own sockets, and those of its VMs, are not agents of others. Links to them count as well. */
async function refuseOwnSocket({ context }: Node, address: AgentAddress): Promise<void> {
  if (address.kind !== 'unix' && address.kind !== 'vsock') return;
  const own = await realpath(context.folder.path);
  // One that does not exist yet has a folder at least, or nothing to be found there.
  const folder = await realpath(dirname(address.path)).catch(() => dirname(address.path));
  const place = await realpath(address.path).catch(() => join(folder, basename(address.path)));
  if (!`${place}/`.startsWith(`${own}/`)) return;
  throw new OperationError('INVALID_ARGUMENT', 'A socket in the daemon’s own data folder cannot be adopted.', {
    nextStep: 'VMs that Innkeeper runs are in inn ls already.',
  });
}

/** The address with the dialect that its agent answers in, where none is named; the usual one if it does not answer. */
async function withDialect(agent: string): Promise<AgentAddress> {
  const address = parseAgentAddress(agent);
  if (namesDialect(agent) || (address.kind !== 'unix' && address.kind !== 'vsock')) return address;
  return { ...address, dialect: (await detectDialect(address)) ?? address.dialect };
}

/** Forgets an adopted VM, and touches nothing else. Fails with VM_NOT_FOUND, UNSUPPORTED_BY_DRIVER. */
export async function releaseVm(node: Node, vm: string): Promise<void> {
  const runner = node.get(vm);
  if (!runner.isAdopted)
    throw new OperationError(
      'UNSUPPORTED_BY_DRIVER',
      `"${runner.row.name}" is not adopted: Innkeeper runs it itself.`,
      {
        nextStep: `To remove it with its disk: inn rm ${runner.row.name}.`,
      },
    );
  const { adoptedAgent } = runner.running ?? {};
  await runner.forget();
  await freezeOf(node.context.folder, runner.row.id).save(undefined);
  if (adoptedAgent !== undefined) await forgetServer(node, parseAgentAddress(adoptedAgent));
}

/** With the last VM that was adopted from a Proxmox VE, its token goes as well. */
async function forgetServer(node: Node, address: AgentAddress): Promise<void> {
  if (address.kind !== 'proxmox') return;
  const { host, port } = address;
  const isUsed = node.list().some(({ running }) => {
    if (running?.adoptedAgent === undefined) return false;
    const other = parseAgentAddress(running.adoptedAgent);
    return other.kind === 'proxmox' && other.host === host && other.port === port;
  });
  if (!isUsed) await new ProxmoxServers(node.context.folder.adopted).forget({ host, port });
}
