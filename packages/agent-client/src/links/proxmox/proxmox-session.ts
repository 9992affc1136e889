import { OperationError as Failure, type OperationError } from '@innkeeper/contract/errors';
import { kib, Semaphore } from '@innkeeper/kit';
import type { LinkClock } from '../../clock.ts';
import { objectOf } from '../foreign/fields.ts';
import { type QgaCall, type QgaCallOptions, QgaExchanger } from '../qga/qga-session.ts';
import { askProxmox, ProxmoxError, type ProxmoxRequest, proxmoxUnreachable } from './ask-proxmox.ts';
import { readProxmoxVms } from './list-proxmox-vms.ts';
import { execStatusOf, proxmoxRefusal, resultOf } from './proxmox-answers.ts';
import { proxmoxCommand } from './proxmox-commands.ts';
import { ProxmoxFiles } from './proxmox-files.ts';
import type { ProxmoxServer } from './proxmox-server.ts';

/** Commands whose answer the API does not wrap in `result`. */
const unwrapped: readonly string[] = ['guest-exec', 'guest-file-read', 'guest-file-write', 'guest-exec-status'];
/** A trim or a freeze of a large guest takes long; the caller's own time counts then. */
const commandTimeoutMs = 15_000;

export interface ProxmoxTarget {
  /** The server with its token, asked for each time: the token may be replaced. */
  readonly server: () => Promise<ProxmoxServer>;
  readonly vmId: number;
  readonly clock: LinkClock;
}

/** Exchanges with the agent of a VM of a Proxmox VE, each command through its REST API, on whichever host the VM is. */
export class ProxmoxSession extends QgaExchanger {
  /** In base64, most pieces of this size are below the 64 KiB that the API takes. */
  readonly writeBytes = 32 * kib;
  readonly #target: ProxmoxTarget;
  readonly #files: ProxmoxFiles;
  readonly #turn = new Semaphore(1);
  /** The host of the cluster that has the VM; undefined: look it up. */
  #node: string | undefined;

  constructor(target: ProxmoxTarget) {
    super();
    this.#target = target;
    this.#files = new ProxmoxFiles(
      (request, command, signal) => this.#askAgent(request, command, signal),
      target.clock,
    );
  }

  async exchange<T>(signal: AbortSignal, work: (call: QgaCall) => Promise<T>): Promise<T> {
    return await this.#turn.run(() => work((...asked) => this.#ask(signal, ...asked) as never), signal);
  }

  async #ask(
    signal: AbortSignal,
    command: string,
    arguments_: Readonly<Record<string, unknown>> = {},
    { timeoutMs = commandTimeoutMs }: QgaCallOptions = {},
  ): Promise<unknown> {
    const ofFile = await this.#files.serve(command, arguments_, signal);
    if (ofFile !== undefined) return ofFile;
    const data = await this.#askAgent({ ...proxmoxCommand(command, arguments_), timeoutMs }, command, signal);
    if (command === 'guest-exec-status') return execStatusOf(data);
    return unwrapped.includes(command) ? data : resultOf(command, data);
  }

  async #askAgent(request: ProxmoxRequest, command: string, signal: AbortSignal): Promise<unknown> {
    const server = await this.#target.server();
    const options = { clock: this.#target.clock, signal };
    try {
      this.#node ??= await this.#findNode(server, signal);
      return await askProxmox(server, { ...request, path: this.#path(this.#node, `agent/${request.path}`) }, options);
    } catch (error) {
      if (!(error instanceof ProxmoxError)) throw error;
      const refusal = proxmoxRefusal(command, error, this.#target.vmId);
      if (refusal.reason !== 'AGENT_UNREACHABLE') throw refusal;
      throw await this.#whyLost(server, error, refusal, signal);
    }
  }

  /** The VM may have moved to another host, was stopped, or has no agent. */
  async #whyLost(
    server: ProxmoxServer,
    error: ProxmoxError,
    refusal: OperationError,
    signal: AbortSignal,
  ): Promise<OperationError> {
    const node = this.#node;
    this.#node = undefined;
    if (node === undefined || error.status < 500) return unreachable(proxmoxUnreachable(server, error).message);
    const options = { clock: this.#target.clock, signal };
    try {
      const data = await askProxmox(server, { method: 'GET', path: this.#path(node, 'status/current') }, options);
      const { status, agent } = objectOf(data, 'The state of the VM');
      if (status !== 'running') return unreachable('Proxmox VE says that the VM does not run.');
      if (agent === 0 || agent === undefined)
        return unreachable(`The agent is off in the VM’s options: qm set ${this.#target.vmId} --agent 1.`);
    } catch (other) {
      // The first error says enough.
      signal.throwIfAborted();
      if (!(other instanceof ProxmoxError || other instanceof Failure)) throw other;
    }
    return refusal;
  }

  async #findNode(server: ProxmoxServer, signal: AbortSignal): Promise<string> {
    const vms = await readProxmoxVms(server, { clock: this.#target.clock, signal });
    const node = vms.find(({ vmId }) => vmId === this.#target.vmId)?.node;
    if (node === undefined) throw unreachable(`Proxmox VE has no VM ${this.#target.vmId} that the token may see.`);
    return node;
  }

  #path(node: string, rest: string): string {
    return `/nodes/${node}/qemu/${this.#target.vmId}/${rest}`;
  }
}

function unreachable(why: string): OperationError {
  return new Failure('AGENT_UNREACHABLE', why);
}
