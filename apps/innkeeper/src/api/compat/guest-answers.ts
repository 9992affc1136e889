import type { AgentLink } from '@innkeeper/agent-client';
import { isOperationError, OperationError } from '@innkeeper/contract';
import { ShutdownMode } from '@innkeeper/contract/agent';
import { PowerServiceLite } from '@innkeeper/contract/agent-lite';
import type { NodeApi } from '../../ports/node-api.ts';
import { type GuestCommand, runGuestCommand, truncatedText, withinTime } from './guest-command.ts';

const pingTimeoutMs = 5_000;
const defaultReadBytes = 10 * 1024 * 1024;
const maxReadBytes = 64 * 1024 * 1024;
/** Timeout for transferring a whole file in either direction. */
const transferTimeoutMs = 300_000;
const callerReasons: readonly string[] = ['VM_NOT_FOUND', 'INVALID_ARGUMENT', 'CANCELED'];

/**
 * What the services of another platform answer about guests, over Innkeeper's agents. As in those protocols, a failure in the
 * guest is reported in the answer's `error`; an invalid request is an error of the call.
 */
export class GuestAnswers {
  readonly #node: NodeApi;

  constructor(node: NodeApi) {
    this.#node = node;
  }

  /** Runs `work` with the VM's agent; a failure in the guest becomes the answer. */
  async with<T>(
    vmId: string,
    signal: AbortSignal,
    work: (agent: AgentLink) => Promise<T>,
  ): Promise<T | { readonly error: string }> {
    const vm = this.#node.vms.find(vmId);
    try {
      vm.assertAllowed('guest');
      return await work(await vm.agent({ signal }));
    } catch (error) {
      return { error: messageOf(error) };
    }
  }

  /** Whether the agent answers, its version and how long its guest runs. */
  async ping(vmId: string, signal: AbortSignal) {
    return await this.with(vmId, signal, async (agent) => {
      const { agentVersion } = await agent.ping({ signal, timeoutMs: pingTimeoutMs });
      const uptime = this.#node.vms.find(vmId).describe().telemetry?.uptimeSeconds;
      return { connected: true, version: agentVersion, ...(uptime === undefined ? {} : { uptimeSeconds: uptime }) };
    });
  }

  /** Runs a command to its end. */
  async execute(request: GuestCommand & { readonly vmId: string }, signal: AbortSignal) {
    return await this.with(request.vmId, signal, async (agent) => {
      const { truncated, ...result } = await runGuestCommand(agent, request, signal);
      const error = truncated ? truncatedText : '';
      return { ...result, success: result.exitCode === 0, durationMs: BigInt(result.durationMs), error };
    });
  }

  /** Reads a file from `offset`, at most `maxSize` bytes; 0: 10 MiB. */
  async read(
    request: { readonly vmId: string; readonly path: string; readonly offset?: bigint; readonly maxSize: bigint },
    signal: AbortSignal,
  ) {
    const { vmId, path, offset = 0n, maxSize } = request;
    return await this.with(vmId, signal, async (agent) => {
      if (maxSize > maxReadBytes)
        throw new OperationError('INVALID_ARGUMENT', `max_size must be at most ${maxReadBytes}.`);
      const wanted = { path, offset, length: BigInt(Number(maxSize) || defaultReadBytes) };
      const file = await withinTime(signal, transferTimeoutMs, (both) => readPart(agent, wanted, both));
      return { success: true, ...file };
    });
  }

  /** Writes a file whole. */
  async write(
    request: {
      readonly vmId: string;
      readonly path: string;
      readonly data: Uint8Array;
      readonly mode: number;
      readonly createParents: boolean;
    },
    signal: AbortSignal,
  ) {
    const { vmId, path, data, mode, createParents } = request;
    return await this.with(vmId, signal, async (agent) => {
      const open = { path, createParents, sizeBytes: BigInt(data.length), ...(mode === 0 ? {} : { mode }) };
      const source = async function* (offset: bigint) {
        yield data.subarray(Number(offset));
      };
      const { bytes } = await withinTime(signal, transferTimeoutMs, (both) =>
        agent.writeFile(open, source, { signal: both }),
      );
      return { success: true, bytesWritten: bytes };
    });
  }

  /** Shuts a guest down from inside, or reboots it. */
  async shutDown(
    request: {
      readonly vmId: string;
      readonly reboot: boolean;
      readonly delaySeconds: number;
      readonly message: string;
    },
    signal: AbortSignal,
  ) {
    const { vmId, reboot, delaySeconds, message } = request;
    return await this.with(vmId, signal, async (agent) => {
      const mode = reboot ? ShutdownMode.REBOOT : ShutdownMode.POWEROFF;
      await agent.call(PowerServiceLite.shutdown, { mode, delaySeconds, message }, { signal });
      return { accepted: true };
    });
  }
}

async function readPart(
  agent: AgentLink,
  wanted: { readonly path: string; readonly offset: bigint; readonly length: bigint },
  signal: AbortSignal,
): Promise<{ data: Uint8Array; totalSize: bigint }> {
  const reading = agent.readFile(wanted, { signal });
  const parts: Uint8Array[] = [];
  for await (const chunk of reading.chunks) {
    // A guest that sends endlessly keeps an abort from taking effect; what it sends is limited by the request's length.
    signal.throwIfAborted();
    if (chunk.length > 0) parts.push(chunk.slice());
  }
  const { sizeBytes } = await reading.info;
  const data = new Uint8Array(Buffer.concat(parts));
  const end = wanted.offset + BigInt(data.length);
  return { data, totalSize: sizeBytes > end ? sizeBytes : end };
}

/** Rethrows errors of the request, as opposed to errors of the guest. */
function messageOf(error: unknown): string {
  if (!isOperationError(error) || callerReasons.includes(error.reason) || error.reason === 'INTERNAL') throw error;
  return `${error.message} (${error.reason}) ${error.nextStep}`;
}
