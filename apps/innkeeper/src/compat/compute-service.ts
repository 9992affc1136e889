import type { ServiceImpl } from '@connectrpc/connect';
import type { AgentLink } from '@innkeeper/agent-client';
import { isOperationError, OperationError } from '@innkeeper/contract';
import { ShutdownMode } from '@innkeeper/contract/agent';
import type { VMService } from '@innkeeper/contract/compute';
import type { NodeOfControl } from '../control/node-of-control.ts';
import { runGuestCommand } from './guest-command.ts';

const pingTimeoutMs = 5_000;
const defaultReadBytes = 10 * 1024 * 1024;
const maxReadBytes = 64 * 1024 * 1024;
const reasonsOfAsker: readonly string[] = ['VM_NOT_FOUND', 'INVALID_ARGUMENT', 'CANCELED'];

/**
 * The guest methods of limiquantix.compute.v1.VMService over our agents. What went wrong in the guest is told in the
 * answer's `error`, as that protocol has it; a wrong request is an error of the call.
 */
export function createComputeService(node: NodeOfControl): ServiceImpl<typeof VMService> {
  const withAgent = async <T>(
    vmId: string,
    signal: AbortSignal,
    work: (agent: AgentLink) => Promise<T>,
  ): Promise<T | { readonly error: string }> => {
    const vm = node.vms.find(vmId);
    try {
      vm.assertAllowed('guest');
      return await work(await vm.agent({ signal }));
    } catch (error) {
      return { error: messageOf(error) };
    }
  };
  return {
    pingAgent: ({ vmId }, { signal }) =>
      withAgent(vmId, signal, async (agent) => {
        const { agentVersion } = await agent.ping({ signal, timeoutMs: pingTimeoutMs });
        const uptime = node.vms.find(vmId).describe().telemetry?.uptimeSeconds;
        return { connected: true, version: agentVersion, ...(uptime === undefined ? {} : { uptimeSeconds: uptime }) };
      }),
    executeScript: (request, { signal }) =>
      withAgent(request.vmId, signal, async (agent) => {
        const result = await runGuestCommand(agent, request, signal);
        return { ...result, success: result.exitCode === 0, durationMs: BigInt(result.durationMs) };
      }),
    readGuestFile: ({ vmId, path, maxSize }, { signal }) =>
      withAgent(vmId, signal, async (agent) => {
        if (maxSize > maxReadBytes)
          throw new OperationError('INVALID_ARGUMENT', `max_size must be at most ${maxReadBytes}.`);
        return { success: true, ...(await readWhole(agent, path, Number(maxSize) || defaultReadBytes, signal)) };
      }),
    writeGuestFile: ({ vmId, path, data, mode, createParents }, { signal }) =>
      withAgent(vmId, signal, async (agent) => {
        const open = { path, createParents, sizeBytes: BigInt(data.length), ...(mode === 0 ? {} : { mode }) };
        const source = async function* (offset: bigint) {
          yield data.subarray(Number(offset));
        };
        const { bytes } = await agent.writeFile(open, source, { signal });
        return { success: true, bytesWritten: bytes };
      }),
    guestShutdown: ({ vmId, reboot, delaySeconds, message }, { signal }) =>
      withAgent(vmId, signal, async (agent) => {
        const mode = reboot ? ShutdownMode.REBOOT : ShutdownMode.POWEROFF;
        await agent.shutdown(mode, { signal, delaySeconds, message });
        return { accepted: true };
      }),
  };
}

async function readWhole(
  agent: AgentLink,
  path: string,
  maxBytes: number,
  signal: AbortSignal,
): Promise<{ data: Uint8Array; totalSize: bigint }> {
  const reading = agent.readFile({ path, length: BigInt(maxBytes) }, { signal });
  const parts: Uint8Array[] = [];
  for await (const chunk of reading.chunks) parts.push(chunk.slice());
  const { sizeBytes } = await reading.info;
  const data = new Uint8Array(Buffer.concat(parts));
  return { data, totalSize: sizeBytes > BigInt(data.length) ? sizeBytes : BigInt(data.length) };
}

/** Rethrows what is the asker's own fault. */
function messageOf(error: unknown): string {
  if (!isOperationError(error) || reasonsOfAsker.includes(error.reason) || error.reason === 'INTERNAL') throw error;
  return `${error.message} (${error.reason}) ${error.nextStep}`;
}
