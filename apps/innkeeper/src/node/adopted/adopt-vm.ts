import { randomUUID } from 'node:crypto';
import { formatAgentAddress, OperationError, parseAgentAddress } from '@innkeeper/contract';
import type { AdoptVmRequest } from '@innkeeper/contract/control';
import { adoptedRecord } from '@innkeeper/hypervisor';
import { unknownAgentInstall } from '../images/agent-install.ts';
import { checkName } from '../names.ts';
import type { Node } from '../node.ts';
import type { VmRunner } from '../vm/vm-runner.ts';
import { checkTags } from '../vm/vm-settings.ts';

/**
 * Adds a VM that somebody else runs. Its agent need not answer yet. Fails with INVALID_NAME, INVALID_ARGUMENT or
 * VM_NAME_TAKEN.
 */
export async function adoptVm(
  node: Node,
  { name, agent, tags }: Pick<AdoptVmRequest, 'name' | 'agent' | 'tags'>,
): Promise<VmRunner> {
  checkName(name, 'a VM');
  const address = formatAgentAddress(parseAgentAddress(agent));
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
  await runner.forget();
}
