import { once } from 'node:events';
import { createConnection, type Socket } from 'node:net';
import { throwError } from './agent-message-client.ts';
import type { GuestAdmin } from './guest-admin.ts';
import type { CommandRequest, CommandResult, GuestClient, WriteRequest } from './guest-client.ts';
import { LimitedClient, noAdmin } from './limited-client.ts';

type Fields = Readonly<Record<string, unknown>>;

/** Implements JSON frames like a third-party host, only from their document. */
export class JsonFramesClient extends LimitedClient {
  override readonly hasTextOnly = true;
  readonly admin: GuestAdmin = {
    ...noAdmin,
    refusedNetwork: async () => {
      // It names no interface, so what is refused is a malformed address.
      await this.#ask({ type: 'configure_network', ip: '192.0.2.5', gateway: '192.0.2.1', dns: ['192.0.2.1'] });
    },
  };
  readonly #socket: Socket;
  readonly #asked: Set<string>;
  readonly #bytes: AsyncIterator<Buffer>;
  #left = Buffer.alloc(0);

  private constructor(socket: Socket, asked: Set<string>) {
    super();
    this.#socket = socket;
    this.#asked = asked;
    this.#bytes = socket[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  }

  static async connect(path: string, asked: Set<string>): Promise<JsonFramesClient> {
    const socket = createConnection(path);
    await once(socket, 'connect');
    return new JsonFramesClient(socket, asked);
  }

  async alive(): Promise<void> {
    const { uptime_secs: uptime, hostname } = await this.#ask({ type: 'health_check' });
    if (typeof uptime !== 'number' || typeof hostname !== 'string') throw new Error('The health has no figures.');
  }

  override figures: GuestClient['figures'] = async () => {
    const status = await this.#ask({ type: 'report_status' });
    return {
      memoryTotalBytes: Number(status['memory_total_mb']) * 2 ** 20,
      memoryUsedBytes: Number(status['memory_used_mb']) * 2 ** 20,
      uptimeSeconds: Number(status['uptime_secs']),
      loadOneMinute: Number(status['load_avg_1m']),
      cpuBusyPercent: Number(status['cpu_usage_percent']),
    };
  };

  /** It runs programs alone: a line for a shell is passed to one by the host. */
  override run = async (request: CommandRequest): Promise<CommandResult> => {
    const [command, ...args] = request.argv ?? ['/bin/sh', '-c', request.shell ?? ''];
    const answer = await this.#ask({ type: 'exec', command, args });
    return {
      stdout: Buffer.from(String(answer['stdout'])),
      stderr: Buffer.from(String(answer['stderr'])),
      exitCode: answer['exit_code'] === -1 ? undefined : Number(answer['exit_code']),
      timedOut: false,
      truncated: false,
    };
  };

  override write = ({ path, data, mode }: WriteRequest): Promise<number> => this.#put(path, data, mode ?? 0o644, false);

  override append = async (path: string, data: Uint8Array): Promise<void> => {
    await this.#put(path, data, 0o644, true);
  };

  async unknownOperation(): Promise<void> {
    await this.#send({ type: 'reboot_universe' });
  }

  async malformed(): Promise<string | undefined> {
    try {
      await this.#send(Buffer.from('{"type":"exec","command":5}'));
      return undefined;
    } catch (error) {
      return (error as { reason?: string }).reason;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#socket.destroy();
    if (!this.#socket.closed) await once(this.#socket, 'close');
  }

  async #put(path: string, data: Uint8Array, mode: number, append: boolean): Promise<number> {
    const { message } = await this.#ask({ type: 'write_file', path, content: `${Buffer.from(data)}`, mode, append });
    return Number(/^wrote (\d+) bytes to /.exec(String(message))?.[1]);
  }

  async #ask(request: { readonly type: string } & Fields): Promise<Fields> {
    for (const name of Object.keys(request))
      this.#asked.add(name === 'type' ? request.type : `${request.type}.${name}`);
    return await this.#send(request);
  }

  async #send(request: Fields | Buffer): Promise<Fields> {
    const body = Buffer.isBuffer(request) ? request : Buffer.from(JSON.stringify(request));
    const head = Buffer.alloc(4);
    head.writeUInt32BE(body.length);
    this.#socket.write(Buffer.concat([head, body]));
    const length = (await this.#take(4)).readUInt32BE();
    const answer = JSON.parse((await this.#take(length)).toString()) as Fields;
    if (answer['status'] !== 'ok') throwError(String(answer['message']));
    return answer;
  }

  async #take(count: number): Promise<Buffer> {
    while (this.#left.length < count) {
      const next = await this.#bytes.next();
      if (next.done === true) throw new Error('The agent closed the connection.');
      this.#left = Buffer.concat([this.#left, next.value]);
    }
    const taken = this.#left.subarray(0, count);
    this.#left = this.#left.subarray(count);
    return taken;
  }
}
