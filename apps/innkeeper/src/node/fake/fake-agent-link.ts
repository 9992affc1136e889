import { create, type DescMessage, type MessageShape } from '@bufbuild/protobuf';
import type { AgentLink, LinkState } from '@innkeeper/agent-client';
import { OperationError } from '@innkeeper/contract';
import {
  ShutdownResponseSchema,
  SystemSchema,
  type Telemetry,
  TelemetrySchema,
  WelcomeSchema,
} from '@innkeeper/contract/agent';
import { PowerServiceLite, TelemetryServiceLite } from '@innkeeper/contract/agent-lite';
import type { LiteMethod } from '@innkeeper/contract/lite';
import { Listeners } from '@innkeeper/kit';

/** A link to an agent that a test simulates. */
export class FakeAgentLink implements AgentLink {
  state: LinkState = { state: 'waiting' };
  lastSeenMs: number | undefined;
  readonly capabilities: ReadonlySet<string> = new Set();
  /** What the guest's policy turns off. */
  deniedCapabilities: string[] = [];
  disposed = false;
  /** The guest's clock minus the host's, in its reports; undefined: they have no time. It cannot be corrected. */
  clockOffsetNs: bigint | undefined;
  /** Called when the agent is asked to shut down; rejects when the agent cannot. */
  onShutdown: () => Promise<void> = async () => undefined;
  readonly #states = new Listeners<LinkState>();
  readonly #telemetry = new Listeners<Telemetry>();

  onState(listener: (state: LinkState) => void): () => void {
    return this.#states.add(listener);
  }

  onTelemetry(listener: (telemetry: Telemetry) => void): () => void {
    return this.#telemetry.add(listener);
  }

  /** Simulates a hello and one report of the agent. */
  connect(): void {
    this.lastSeenMs = performance.now();
    const { deniedCapabilities } = this;
    const welcome = create(WelcomeSchema, { agentVersion: '1.2.3', bootId: 'boot', deniedCapabilities });
    this.state = { state: 'connected', welcome };
    this.#states.emit(this.state);
    this.report();
  }

  /** Simulates one report of the agent, even of one that is lost. */
  report(): void {
    this.#telemetry.emit(
      create(TelemetrySchema, {
        ...(this.clockOffsetNs === undefined
          ? {}
          : { wallTimeUnixNs: BigInt(Date.now()) * 1_000_000n + this.clockOffsetNs }),
        cpu: { count: 1, busyPercent: 12.5 },
        memory: { totalBytes: 100n, usedBytes: 40n },
        interfaces: [
          { name: 'lo', rxBytes: 1000n, txBytes: 1000n },
          { name: 'eth0', rxBytes: 7n, txBytes: 9n },
        ],
        mounts: [{ mountPoint: '/', usedBytes: 30n, availableBytes: 70n }],
      }),
    );
  }

  lose(reason: string): void {
    this.state = { state: 'lost', since: performance.now(), reason };
    this.#states.emit(this.state);
  }

  async ping(): Promise<{ roundTripMs: number; agentVersion: string }> {
    if (this.state.state === 'connected') return { roundTripMs: 1, agentVersion: '1.2.3' };
    throw new OperationError('AGENT_UNREACHABLE', 'The agent does not answer.');
  }

  /** Responses to the node's own calls, by method name. */
  async call<I extends DescMessage, O extends DescMessage>(method: LiteMethod<I, O>): Promise<MessageShape<O>> {
    const answers: Readonly<Record<string, () => Promise<object>>> = {
      [TelemetryServiceLite.getSystem.name]: async () => create(SystemSchema, { osPrettyName: 'Fake 1' }),
      [PowerServiceLite.shutdown.name]: async () => {
        await this.onShutdown();
        return create(ShutdownResponseSchema, { method: 'fake' });
      },
    };
    return (await (answers[method.name] ?? unasked)()) as MessageShape<O>;
  }

  stream = unasked;
  exec = unasked;
  attach = unasked;
  readFile = unasked;
  writeFile = unasked;
  readTar = unasked;
  writeTar = unasked;

  async [Symbol.asyncDispose](): Promise<void> {
    this.disposed = true;
  }
}

function unasked(): never {
  throw new Error('the node does not call this method');
}
