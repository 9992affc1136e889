import { create, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import { openUnixChannel } from '@innkeeper/agent-client';
import { type AgentMessage, AgentMessageSchema } from '@innkeeper/contract/agent-message';
import { isReasonName, OperationError } from '@innkeeper/contract/errors';
import { type Channel, createDeferred, type Deferred } from '@innkeeper/kit';
import { agentMessageAdmin } from './agent-message-admin.ts';
import { ForeignFrames, type FrameForm, printFrame } from './foreign-frames.ts';
import type { GuestAdmin } from './guest-admin.ts';
import type { CommandRequest, CommandResult, Figures, GuestClient, WriteRequest } from './guest-client.ts';

type Payload = AgentMessage['payload'];
type PayloadInit = NonNullable<MessageInitShape<typeof AgentMessageSchema>['payload']>;
type PayloadOf<K> = Extract<Payload, { case: K }>['value'];

/** Implements AgentMessage like a third-party host, only from the document and with protobuf-es. */
export class AgentMessageClient implements GuestClient {
  readonly admin: GuestAdmin = agentMessageAdmin(this);
  readonly hasTextOnly = true;
  readonly ignoresMalformed = true;
  readonly #channel: Channel;
  readonly #form: FrameForm;
  readonly #frames: ForeignFrames;
  /** Responses by message id; events by the name of their payload. */
  readonly #waiting = new Map<string, Deferred<Payload>>();
  readonly #ready: Promise<Payload>;
  readonly #reports: Promise<Payload>;
  #lastId = 0;

  readonly #asked: Set<string>;

  private constructor(channel: Channel, form: FrameForm, asked: Set<string>) {
    this.#asked = asked;
    this.#channel = channel;
    this.#form = form;
    this.#frames = new ForeignFrames(form);
    this.#ready = this.#expect('agentReady');
    this.#reports = this.#expect('telemetry');
    this.#listen().catch((error: unknown) => {
      for (const waiting of this.#waiting.values()) waiting.reject(error);
    });
  }

  /** @param asked gets the names of what is sent */
  static async connect(path: string, form: FrameForm, asked = new Set<string>()): Promise<AgentMessageClient> {
    const client = new AgentMessageClient(await openUnixChannel(path), form, asked);
    // The agent writes in the form that it has seen, so it must receive a message first.
    await client.ping();
    return client;
  }

  async alive(): Promise<void> {
    await this.ping();
  }

  clock(): Promise<never> {
    return Promise.reject(new Error('AgentMessage reads the clock only by setting it.'));
  }

  async figures(): Promise<Figures> {
    const report = payloadOf(await this.#reports, 'telemetry');
    return {
      memoryTotalBytes: Number(report.memoryTotalBytes),
      memoryUsedBytes: Number(report.memoryUsedBytes),
      uptimeSeconds: Number(report.uptimeSeconds),
      loadOneMinute: report.loadAvg1,
      cpuBusyPercent: report.cpuUsagePercent,
    };
  }

  async hello(): Promise<{ agentVersion: string }> {
    return { agentVersion: payloadOf(await this.#ready, 'agentReady').version };
  }

  async ping(): Promise<{ agentVersion: string }> {
    const pong = await this.ask('pong', { case: 'ping', value: { sequence: 5n } });
    if (pong.sequence !== 5n) throw new Error(`Unexpected sequence of the pong: ${pong.sequence}.`);
    return { agentVersion: pong.version };
  }

  async telemetry(): ReturnType<GuestClient['telemetry']> {
    const report = payloadOf(await this.#reports, 'telemetry');
    return {
      memoryTotalBytes: Number(report.memoryTotalBytes),
      memoryAvailableBytes: Number(report.memoryAvailableBytes),
      processCount: report.processCount,
      uptimeSeconds: Number(report.uptimeSeconds),
      mountPoints: report.disks.map(({ mountPoint }) => mountPoint),
      interfaces: report.interfaces.map(({ name }) => name),
    };
  }

  async run(request: CommandRequest): Promise<CommandResult> {
    const [command = request.shell ?? '', ...args] = request.argv ?? [];
    const response = await this.ask('executeResponse', {
      case: 'execute',
      value: {
        command,
        args,
        waitForExit: true,
        workingDirectory: request.directory ?? '',
        environment: { ...request.environment },
        timeoutSeconds: request.timeoutSeconds ?? 0,
        runAsUser: request.user ?? '',
        runAsGroup: request.group ?? '',
        includeSupplementaryGroups: request.supplementaryGroups === true,
        maxOutputBytes: request.maxOutputBytes ?? 0,
      },
    });
    throwError(response.error);
    return {
      stdout: Buffer.from(response.stdout),
      stderr: Buffer.from(response.stderr),
      exitCode: response.exitCode === -1 ? undefined : response.exitCode,
      timedOut: response.timedOut,
      truncated: response.truncated,
    };
  }

  async read(path: string, part?: { offset: number; length: number }): Promise<Buffer> {
    const pieces: Uint8Array[] = [];
    let offset = BigInt(part?.offset ?? 0);
    for (;;) {
      const length = BigInt(part?.length ?? 0);
      const response = await this.ask('fileReadResponse', { case: 'fileRead', value: { path, offset, length } });
      throwError(response.error);
      if (response.offset !== offset) throw new Error(`Requested offset ${offset}, got ${response.offset}.`);
      pieces.push(response.data);
      offset += BigInt(response.data.length);
      if (response.eof || part !== undefined) return Buffer.concat(pieces);
    }
  }

  async write({ path, data, mode = 0, createParents = false }: WriteRequest): Promise<number> {
    return await this.#writePiece({ path, data, mode, createParents, eof: true });
  }

  async append(path: string, data: Uint8Array): Promise<void> {
    await this.#writePiece({ path, data: Buffer.from(data), append: true, eof: true });
  }

  async writeInTwo({ path, data, mode = 0 }: WriteRequest, between: () => Promise<void>): Promise<void> {
    const half = Math.floor(data.length / 2);
    const piece = { path, mode, totalChunks: 2 };
    await this.#writePiece({ ...piece, data: data.subarray(0, half), chunkNumber: 0 });
    await between();
    await this.#writePiece({ ...piece, data: data.subarray(half), chunkNumber: 1, offset: BigInt(half), eof: true });
  }

  async refusedShutdown({ mode }: { mode: 'none' | 'out of range' | 'too late' }): Promise<void> {
    const wrong = { none: { type: -1 as 0 }, 'out of range': { type: 99 as 0 }, 'too late': { delaySeconds: 86_401 } };
    const response = await this.ask('shutdownResponse', { case: 'shutdown', value: wrong[mode] });
    throwError(response.error);
    if (!response.accepted) throw new Error('The refusal has no reason.');
  }

  async refusedFreeze({ mountPoints, leaseMs = 0 }: { mountPoints: string[]; leaseMs?: number }): Promise<void> {
    const value = { mountPoints, timeoutSeconds: leaseMs / 1000 };
    const response = await this.ask('quiesceResponse', { case: 'quiesce', value });
    throwError(response.error);
    if (!response.success) throw new Error('The refusal has no reason.');
  }

  async refusedThaw(quiesceToken: string): Promise<void> {
    const response = await this.ask('thawResponse', { case: 'thaw', value: { quiesceToken } });
    throwError(response.error);
    if (!response.success) throw new Error('The refusal has no reason.');
  }

  async refusedClock(seconds: bigint): Promise<void> {
    const setTime = { seconds, nanos: 0 };
    const response = await this.ask('syncTimeResponse', { case: 'syncTime', value: { setTime } });
    throwError(response.error);
    if (!response.success) throw new Error('The refusal has no reason.');
  }

  async unknownOperation(): Promise<void> {
    const response = await this.ask('clipboardGetResponse', { case: 'clipboardGet', value: {} });
    throwError('error' in response ? String(response.error) : 'UNSUPPORTED_BY_AGENT');
  }

  async malformed(): Promise<string | undefined> {
    // A payload whose length exceeds the message.
    await this.#channel.write(printFrame(this.#form, new Uint8Array([0x0a, 0x01, 0x41, 0x5a, 0x7f, 0x01])));
    return undefined;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#channel.close();
  }

  async #writePiece(request: Exclude<Extract<PayloadInit, { case: 'fileWrite' }>['value'], undefined>) {
    const response = await this.ask('fileWriteResponse', { case: 'fileWrite', value: request });
    throwError(response.error);
    if (!response.success) throw new Error('The refusal has no reason.');
    return Number(response.bytesWritten);
  }

  /** Sends a request and waits for the response to it. */
  async ask<K extends Payload['case']>(kind: K, payload: PayloadInit): Promise<PayloadOf<K>> {
    const messageId = `m${++this.#lastId}`;
    const kindOfRequest = String(payload.case);
    this.#asked.add(kindOfRequest);
    for (const name of Object.keys(payload.value ?? {}).filter((name) => !name.startsWith('$')))
      this.#asked.add(`${kindOfRequest}.${name}`);
    const answer = this.#expect(messageId);
    const message = create(AgentMessageSchema, { messageId, payload });
    await this.#channel.write(printFrame(this.#form, toBinary(AgentMessageSchema, message)));
    return payloadOf(await answer, kind);
  }

  #expect(key: string): Promise<Payload> {
    const answer = createDeferred<Payload>();
    // Events may be unexpected.
    answer.promise.catch(() => undefined);
    this.#waiting.set(key, answer);
    return answer.promise;
  }

  async #listen(): Promise<void> {
    for (;;) {
      const bytes = await this.#channel.read();
      if (bytes === undefined) throw new Error('The agent closed the connection.');
      for (const { messageId, payload } of this.#frames.push(bytes)) {
        const key = this.#waiting.has(messageId) ? messageId : String(payload.case);
        this.#waiting.get(key)?.resolve(payload);
        this.#waiting.delete(key);
      }
    }
  }
}

function payloadOf<K extends Payload['case']>(payload: Payload, kind: K): PayloadOf<K> {
  if (payload.case !== kind) throw new Error(`Got a response of kind ${payload.case}, not ${kind}.`);
  return payload.value as PayloadOf<K>;
}

/** "REASON: what happened" as an error. */
export function throwError(error: string): void {
  const reason = error.split(':', 1)[0] ?? '';
  if (isReasonName(reason)) throw new OperationError(reason, error);
  if (error !== '') throw new Error(`The error has no reason: ${error}`);
}
