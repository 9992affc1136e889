import type { MessageInitShape } from '@bufbuild/protobuf';
import { type AgentLink, createAgentLink, openUnixChannel } from '@innkeeper/agent-client';
import type {
  ExecExited,
  FreezeRequestSchema,
  NetworkReport,
  OpenWriteSchema,
  ProcessSpecSchema,
  RenewFreezeRequestSchema,
  SetNetworkRequestSchema,
  ShutdownMode,
  TrimRequestSchema,
} from '@innkeeper/contract/agent';
import {
  FileServiceLite,
  FilesystemServiceLite,
  NetworkServiceLite,
  PowerServiceLite,
  SystemServiceLite,
  TelemetryServiceLite,
} from '@innkeeper/contract/agent-lite';
import { portableByteOps } from '@innkeeper/wire';
import { NativeSession } from '../../../packages/agent-client/src/links/native/session/native-session.ts';
import { openCall } from '../../../packages/agent-client/src/links/native/session/typed-call.ts';
import { hostClock } from '../../../packages/agent-client/src/node/host-clock.ts';
import { randomBytes } from '../../../packages/agent-client/src/node/random-bytes.ts';
import type { GuestAdmin } from './guest-admin.ts';
import type { CommandRequest, CommandResult, Figures, GuestClient, WriteRequest } from './guest-client.ts';
import { nativeAdmin } from './native-admin.ts';

/** The result of a process. */
export interface NativeResult {
  readonly stdout: Buffer;
  readonly stderr: Buffer;
  readonly exited: ExecExited;
}

/** Uses the native dialect through the node's link, or directly through a session. */
export class NativeClient implements GuestClient {
  readonly link: AgentLink;
  readonly session: NativeSession;
  readonly admin: GuestAdmin;
  readonly hasTextOnly = false;
  readonly ignoresMalformed = false;
  readonly #welcomeVersion: Promise<string>;
  readonly #close: () => Promise<void>;

  private constructor(path: string, channel: Awaited<ReturnType<typeof openUnixChannel>>) {
    this.link = createAgentLink({
      connect: (signal) => openUnixChannel(path, { signal }),
      identity: { vmId: 'conformance', vmName: 'conformance', nodeVersion: 'test' },
      mayStepClock: false,
      telemetryIntervalMs: 0,
    });
    this.admin = nativeAdmin(this.link);
    this.session = new NativeSession({ channel, ops: portableByteOps, clock: hostClock, nonce: randomBytes(16) });
    this.#welcomeVersion = this.session.open({ minVersion: 1, maxVersion: 1 }).then(({ agentVersion }) => agentVersion);
    this.#close = () => channel.close();
  }

  static async connect(path: string): Promise<NativeClient> {
    return new NativeClient(path, await openUnixChannel(path));
  }

  async alive(): Promise<void> {
    await this.ping();
  }

  async hello(): Promise<{ agentVersion: string }> {
    return { agentVersion: await this.#welcomeVersion };
  }

  ping(): Promise<{ agentVersion: string }> {
    return this.link.ping();
  }

  async telemetry(): ReturnType<GuestClient['telemetry']> {
    const report = await this.link.call(TelemetryServiceLite.watch, { once: true });
    return {
      memoryTotalBytes: Number(report.memory?.totalBytes),
      memoryAvailableBytes: Number(report.memory?.availableBytes),
      processCount: Number(report.processCount),
      uptimeSeconds: Number(report.uptimeSeconds),
      mountPoints: report.mounts.map(({ mountPoint }) => mountPoint),
      interfaces: report.interfaces.map(({ name }) => name),
    };
  }

  async figures(): Promise<Figures> {
    const { memory, uptimeSeconds, load, cpu } = await this.link.call(TelemetryServiceLite.watch, { once: true });
    return {
      memoryTotalBytes: Number(memory?.totalBytes),
      memoryUsedBytes: Number(memory?.usedBytes),
      uptimeSeconds: Number(uptimeSeconds),
      loadOneMinute: Number(load?.oneMinute),
      cpuBusyPercent: cpu?.busyPercent,
    };
  }

  async clock(): ReturnType<GuestClient['clock']> {
    const { wallTimeUnixNs } = await this.link.call(TelemetryServiceLite.adjustClock, { stepNs: 0n });
    return { unixMs: Number(wallTimeUnixNs / 1_000_000n), resolutionMs: 1 };
  }

  async run(request: CommandRequest): Promise<CommandResult> {
    const exec = this.link.exec({
      stdin: request.input !== undefined,
      argv: [...(request.argv ?? [])],
      shellCommand: request.shell ?? '',
      workingDirectory: request.directory ?? '',
      environment: { ...request.environment },
      user: request.user ?? '',
      group: request.group ?? '',
      noSupplementaryGroups: request.user !== undefined && request.supplementaryGroups !== true,
      timeoutMs: (request.timeoutSeconds ?? 0) * 1000,
      maxOutputBytes: BigInt(request.maxOutputBytes ?? 0),
    });
    const result = followExec(exec.events);
    if (request.input !== undefined) {
      await exec.writeStdin(request.input);
      await exec.endStdin();
    }
    const { stdout, stderr, exited } = await result;
    const { status, ending, truncated } = exited;
    const [exitCode, signal] = status.case === 'exitCode' ? [status.value] : [undefined, status.value];
    return { stdout, stderr, exitCode, signal, truncated, timedOut: ending === 2 };
  }

  /** Runs a process to its end. */
  async exec(spec: MessageInitShape<typeof ProcessSpecSchema>): Promise<NativeResult> {
    return await followExec(this.link.exec(spec).events);
  }

  async read(path: string, part?: { offset: number; length: number }): Promise<Buffer> {
    const { offset = 0, length = 0 } = part ?? {};
    return (await this.readAll({ path, offset: BigInt(offset), length: BigInt(length) })).data;
  }

  async readAll(request: Parameters<AgentLink['readFile']>[0]): Promise<{ data: Buffer; sha256: Buffer }> {
    const reading = this.link.readFile(request);
    const pieces: Uint8Array[] = [];
    for await (const chunk of reading.chunks) pieces.push(chunk.slice());
    return { data: Buffer.concat(pieces), sha256: Buffer.from((await reading.done).sha256) };
  }

  async write({ data, ...request }: WriteRequest): Promise<number> {
    const { bytes } = await this.writeAll({ ...request, sizeBytes: BigInt(data.length) }, data);
    return Number(bytes);
  }

  writeAll(open: MessageInitShape<typeof OpenWriteSchema>, data: Uint8Array): ReturnType<AgentLink['writeFile']> {
    return this.link.writeFile(open, async function* (offset) {
      yield data.subarray(Number(offset));
    });
  }

  async writeInTwo({ data, ...request }: WriteRequest, between: () => Promise<void>): Promise<void> {
    const half = Math.floor(data.length / 2);
    await this.link.writeFile(request, async function* () {
      yield data.subarray(0, half);
      await between();
      yield data.subarray(half);
    });
  }

  async append(path: string, data: Uint8Array): Promise<void> {
    await this.writeAll({ path, append: true }, data);
  }

  async refusedShutdown({ mode }: { mode: 'none' | 'out of range' | 'too late' }): Promise<void> {
    const wrong = {
      none: { mode: 0 },
      'out of range': { mode: 99 as ShutdownMode },
      'too late': { mode: 1, delaySeconds: 86_401 },
    } as const;
    await openCall(this.session, PowerServiceLite.shutdown, wrong[mode]).next();
  }

  async refusedFreeze(request: { mountPoints: string[]; leaseMs?: number }): Promise<void> {
    await this.freezeWith({ id: 'refused', ...request });
  }

  async refusedThaw(id: string): Promise<void> {
    await openCall(this.session, FilesystemServiceLite.thaw, { id }).next();
  }

  async refusedClock(seconds: bigint): Promise<void> {
    await openCall(this.session, SystemServiceLite.syncClock, { setUnixNs: seconds * 1_000_000_000n }).next();
  }

  async freezeWith(request: MessageInitShape<typeof FreezeRequestSchema>): Promise<void> {
    await openCall(this.session, FilesystemServiceLite.freeze, request).next();
  }

  async renewWith(request: MessageInitShape<typeof RenewFreezeRequestSchema>): Promise<void> {
    await openCall(this.session, FilesystemServiceLite.renew, request).next();
  }

  async trimWith(request: MessageInitShape<typeof TrimRequestSchema>): Promise<void> {
    await openCall(this.session, FilesystemServiceLite.trim, request).next();
  }

  /** The phase of the agent's freeze. */
  async freezePhase(): Promise<number> {
    return (await this.link.call(FilesystemServiceLite.getFreeze, {})).phase;
  }

  async network(): Promise<NetworkReport> {
    return await this.link.call(NetworkServiceLite.getNetwork, {});
  }

  async setNetwork(request: MessageInitShape<typeof SetNetworkRequestSchema>): Promise<void> {
    await openCall(this.session, NetworkServiceLite.setNetwork, request).next();
  }

  async endNetwork(end: 'confirm' | 'rollBack', id: string): Promise<void> {
    if (end === 'confirm') await openCall(this.session, NetworkServiceLite.confirmNetwork, { id }).next();
    else await openCall(this.session, NetworkServiceLite.rollBackNetwork, { id }).next();
  }

  async unknownOperation(): Promise<void> {
    await this.session.call('innkeeper.agent.v1.NoService/None', new Uint8Array(0), once).next();
  }

  async malformed(): Promise<string | undefined> {
    const noMessage = new Uint8Array([0x0a, 0x7f, 1]);
    try {
      await this.session.call(FileServiceLite.stat.name, noMessage, once).next();
      return undefined;
    } catch (error) {
      return (error as { reason?: string }).reason;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.link[Symbol.asyncDispose]();
    await this.#close();
  }
}

const once = { halfClose: true, timeoutMs: 10_000 };

/** Collects a process's output until its end. */
export async function followExec(events: ReturnType<AgentLink['exec']>['events']): Promise<NativeResult> {
  const output: Record<1 | 2, Uint8Array[]> = { 1: [], 2: [] };
  for await (const { event } of events) {
    if (event.case === 'output') output[event.value.stream === 2 ? 2 : 1].push(event.value.data.slice());
    if (event.case === 'exited')
      return { stdout: Buffer.concat(output[1]), stderr: Buffer.concat(output[2]), exited: event.value };
  }
  throw new Error('The events ended before the process did.');
}
