import type { ServiceImpl } from '@connectrpc/connect';
import type { AgentLink } from '@innkeeper/agent-client';
import { isOperationError, OperationError } from '@innkeeper/contract';
import { ShutdownMode } from '@innkeeper/contract/agent';
import { PowerServiceLite } from '@innkeeper/contract/agent-lite';
import type { VMService } from '@innkeeper/contract/compute';
import type { NodeApi } from '../../ports/node-api.ts';
import { runGuestCommand, truncatedText, withinTime } from './guest-command.ts';

const pingTimeoutMs = 5_000;
const defaultReadBytes = 10 * 1024 * 1024;
const maxReadBytes = 64 * 1024 * 1024;
/** Timeout for transferring a whole file in either direction. */
const transferTimeoutMs = 300_000;
const callerReasons: readonly string[] = ['VM_NOT_FOUND', 'INVALID_ARGUMENT', 'CANCELED'];

/**
 * The guest methods of limiquantix.compute.v1.VMService over Innkeeper's agents. As in that protocol, a failure in the
 * guest is reported in the response's `error`; an invalid request is an error of the call.
 */
export function createComputeService(node: NodeApi): ServiceImpl<typeof VMService> {
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
        const { truncated, ...result } = await runGuestCommand(agent, request, signal);
        const error = truncated ? truncatedText : '';
        return { ...result, success: result.exitCode === 0, durationMs: BigInt(result.durationMs), error };
      }),
    readGuestFile: ({ vmId, path, maxSize }, { signal }) =>
      withAgent(vmId, signal, async (agent) => {
        if (maxSize > maxReadBytes)
          throw new OperationError('INVALID_ARGUMENT', `max_size must be at most ${maxReadBytes}.`);
        const maxBytes = Number(maxSize) || defaultReadBytes;
        const file = await withinTime(signal, transferTimeoutMs, (both) => readWhole(agent, path, maxBytes, both));
        return { success: true, ...file };
      }),
    writeGuestFile: ({ vmId, path, data, mode, createParents }, { signal }) =>
      withAgent(vmId, signal, async (agent) => {
        const open = { path, createParents, sizeBytes: BigInt(data.length), ...(mode === 0 ? {} : { mode }) };
        const source = async function* (offset: bigint) {
          yield data.subarray(Number(offset));
        };
        const { bytes } = await withinTime(signal, transferTimeoutMs, (both) =>
          agent.writeFile(open, source, { signal: both }),
        );
        return { success: true, bytesWritten: bytes };
      }),
    guestShutdown: ({ vmId, reboot, delaySeconds, message }, { signal }) =>
      withAgent(vmId, signal, async (agent) => {
        const mode = reboot ? ShutdownMode.REBOOT : ShutdownMode.POWEROFF;
        await agent.call(PowerServiceLite.shutdown, { mode, delaySeconds, message }, { signal });
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
  for await (const chunk of reading.chunks) {
    // A guest that sends endlessly keeps an abort from taking effect; what it sends is limited by the request's length.
    signal.throwIfAborted();
    if (chunk.length > 0) parts.push(chunk.slice());
  }
  const { sizeBytes } = await reading.info;
  const data = new Uint8Array(Buffer.concat(parts));
  return { data, totalSize: sizeBytes > BigInt(data.length) ? sizeBytes : BigInt(data.length) };
}

/** Rethrows errors of the request, as opposed to errors of the guest. */
function messageOf(error: unknown): string {
  if (!isOperationError(error) || callerReasons.includes(error.reason) || error.reason === 'INTERNAL') throw error;
  return `${error.message} (${error.reason}) ${error.nextStep}`;
}
