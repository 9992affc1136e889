import { createServer, type Socket } from 'node:net';
import { create, fromBinary, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import { type AgentMessage, AgentMessageSchema } from '@innkeeper/contract/agent-message';

/** What an agent may answer. */
export type AgentMessageAnswer = NonNullable<MessageInitShape<typeof AgentMessageSchema>['payload']>;
const magic = Buffer.from([0x51, 0x54, 0x58, 0x01]);

export interface AgentMessageModelOptions {
  /** Whether it writes the header with the magic, as its own code does, or the plain length of its documents. */
  readonly form?: 'magic' | 'plain' | undefined;
  /** Answers by payload; undefined: none. */
  readonly answer?: ((asked: AgentMessage) => AgentMessageAnswer | undefined) | undefined;
  /** Bytes that are sent when a host connects. */
  readonly first?: Uint8Array | undefined;
  /** Bytes instead of an answer. */
  readonly instead?: ((asked: AgentMessage) => Uint8Array | undefined) | undefined;
}

/** An AgentMessage agent on a unix socket, written from the contract with protobuf's own codec. */
export interface AgentMessageModel extends AsyncDisposable {
  readonly path: string;
  readonly asked: readonly AgentMessage[];
  /** The headers that the host wrote, in order. */
  readonly headers: readonly ('magic' | 'plain')[];
  readonly files: Map<string, Buffer>;
}

/** Undefined for garbage, which is skipped. */
function decoded(frame: Uint8Array): AgentMessage | undefined {
  try {
    return fromBinary(AgentMessageSchema, frame);
  } catch {
    return undefined;
  }
}

export async function startAgentMessageModel(
  path: string,
  options: AgentMessageModelOptions = {},
): Promise<AgentMessageModel> {
  const asked: AgentMessage[] = [];
  const headers: ('magic' | 'plain')[] = [];
  const files = new Map<string, Buffer>();
  const sockets = new Set<Socket>();
  const usual = ({ payload }: AgentMessage): AgentMessageAnswer | undefined => {
    switch (payload.case) {
      case 'ping':
        return { case: 'pong', value: { sequence: payload.value.sequence, version: '0.2.0', uptimeSeconds: 5n } };
      case 'getCapabilities':
        return {
          case: 'getCapabilitiesResponse',
          value: {
            version: '0.2.0',
            os: 'linux',
            capabilities: ['telemetry', 'execute', 'file_read', 'file_write', 'shutdown', 'clipboard'],
          },
        };
      case 'execute':
        return {
          case: 'executeResponse',
          value: { exitCode: 6, stdout: `${payload.value.command} ${payload.value.args.join(' ')}\n`, stderr: 'err' },
        };
      case 'fileStat': {
        const file = files.get(payload.value.path);
        if (file === undefined)
          return {
            case: 'fileStatResponse',
            value: { success: false, error: 'No such file or directory (os error 2)' },
          };
        return {
          case: 'fileStatResponse',
          value: { success: true, entry: { sizeBytes: BigInt(file.length), mode: 0o100644 } },
        };
      }
      case 'fileRead': {
        const { path: name, offset, length } = payload.value;
        const data = (files.get(name) ?? Buffer.alloc(0)).subarray(Number(offset), Number(offset + length));
        return { case: 'fileReadResponse', value: { success: true, data, eof: data.length < Number(length), offset } };
      }
      case 'fileWrite': {
        const { path: name, data, offset } = payload.value;
        files.set(name, Buffer.concat([(files.get(name) ?? Buffer.alloc(0)).subarray(0, Number(offset)), data]));
        return { case: 'fileWriteResponse', value: { success: true, bytesWritten: BigInt(data.length) } };
      }
      default:
        return undefined;
    }
  };
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.once('close', () => sockets.delete(socket));
    const send = (messageId: string, payload: AgentMessageAnswer): void => {
      const body = toBinary(AgentMessageSchema, create(AgentMessageSchema, { messageId, payload }));
      const length = Buffer.alloc(4);
      length.writeUInt32BE(body.length);
      socket.write(Buffer.concat([options.form === 'plain' ? Buffer.alloc(0) : magic, length, body]));
    };
    if (options.first !== undefined) socket.write(options.first);
    send('ready', {
      case: 'agentReady',
      value: { version: '0.2.0', osName: 'Debian', osVersion: '12', kernelVersion: '6.1', hostname: 'messaged' },
    });
    const telemetry = setInterval(
      () =>
        send('', {
          case: 'telemetry',
          value: {
            cpuUsagePercent: 25,
            memoryTotalBytes: 1000n,
            memoryUsedBytes: 400n,
            memoryAvailableBytes: 600n,
            interfaces: [{ name: 'eth0', ipv4Addresses: ['10.9.8.7'], state: 1 }],
          },
        }),
      20,
    );
    socket.once('close', () => clearInterval(telemetry));
    let bytes = Buffer.alloc(0);
    socket.on('data', (chunk: Buffer) => {
      bytes = Buffer.concat([bytes, chunk]);
      for (;;) {
        const isMagic = bytes.subarray(0, 4).equals(magic);
        const at = isMagic ? 4 : 0;
        if (bytes.length < at + 4 || bytes.length < at + 4 + bytes.readUInt32BE(at)) return;
        const end = at + 4 + bytes.readUInt32BE(at);
        const frame = bytes.subarray(at + 4, end);
        bytes = bytes.subarray(end);
        const message = decoded(frame);
        if (message === undefined) continue;
        asked.push(message);
        headers.push(isMagic ? 'magic' : 'plain');
        const other = options.instead?.(message);
        const answer = options.answer?.(message) ?? usual(message);
        if (other !== undefined) socket.write(other);
        else if (answer !== undefined) send(message.messageId, answer);
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  return {
    path,
    asked,
    headers,
    files,
    [Symbol.asyncDispose]: async () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}
