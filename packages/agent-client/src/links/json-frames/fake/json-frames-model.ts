import { spawnSync } from 'node:child_process';
import { createServer, type Socket } from 'node:net';

export type JsonRequest = Readonly<Record<string, unknown>>;

export interface JsonFramesModelOptions {
  /** Ask for `CONNECT port` first, as the socket of a hypervisor does; `refusals` connections are closed without a line. */
  readonly vsock?: { readonly port: number; readonly refusals?: number; readonly line?: string } | undefined;
  /** Bytes that a hostile agent sends instead of an answer; undefined: it answers as usual. */
  readonly instead?: ((request: JsonRequest) => Uint8Array | undefined) | undefined;
}

/** An agent of JSON frames on a unix socket, written from the contract. It runs commands on this machine. */
export interface JsonFramesModel extends AsyncDisposable {
  readonly path: string;
  readonly asked: readonly JsonRequest[];
  /** Connections that were accepted. */
  readonly connections: number;
}

function answerTo(request: JsonRequest): object | undefined {
  switch (request['type']) {
    case 'health_check':
      return { status: 'ok', uptime_secs: 12, hostname: 'framed' };
    case 'report_status':
      return {
        status: 'ok',
        uptime_secs: 12,
        memory_total_mb: 512,
        memory_used_mb: 128,
        disk_total_gb: 10,
        disk_used_gb: 4,
        cpu_usage_percent: 12.5,
        network_rx_bytes: 1000,
        network_tx_bytes: 2000,
        load_avg_1m: 0.5,
      };
    case 'exec': {
      const { command, args } = request;
      if (typeof command !== 'string' || !Array.isArray(args)) return undefined;
      const { status, stdout, stderr, error } = spawnSync(command, args as string[], { maxBuffer: 8 * 1024 * 1024 });
      if (error !== undefined) return { status: 'error', message: 'No such file or directory (os error 2)' };
      const cut = (bytes: Buffer): string => bytes.subarray(0, 512 * 1024).toString();
      return { status: 'ok', exit_code: status ?? -1, stdout: cut(stdout), stderr: cut(stderr) };
    }
    case 'configure_network':
      return { status: 'ok', message: 'network configured' };
    default:
      // An unknown request is closed without an answer.
      return undefined;
  }
}

export async function startJsonFramesModel(
  path: string,
  options: JsonFramesModelOptions = {},
): Promise<JsonFramesModel> {
  const asked: JsonRequest[] = [];
  const sockets = new Set<Socket>();
  let connections = 0;
  const serve = (socket: Socket): void => {
    let bytes = Buffer.alloc(0);
    let isGreeted = options.vsock === undefined;
    socket.on('data', (chunk: Buffer) => {
      bytes = Buffer.concat([bytes, chunk]);
      if (!isGreeted) {
        const end = bytes.indexOf('\n');
        if (end < 0) return;
        if (bytes.subarray(0, end).toString() !== `CONNECT ${options.vsock?.port}`) return void socket.destroy();
        bytes = bytes.subarray(end + 1);
        isGreeted = true;
        socket.write(options.vsock?.line ?? 'OK 1073741824\n');
      }
      if (bytes.length < 4 || bytes.length < 4 + bytes.readUInt32BE()) return;
      const request = JSON.parse(bytes.subarray(4, 4 + bytes.readUInt32BE()).toString()) as JsonRequest;
      bytes = bytes.subarray(4 + bytes.readUInt32BE());
      asked.push(request);
      const other = options.instead?.(request);
      if (other !== undefined) return void socket.write(other);
      const answer = answerTo(request);
      if (answer === undefined) return void socket.destroy();
      const body = Buffer.from(JSON.stringify(answer));
      const head = Buffer.alloc(4);
      head.writeUInt32BE(body.length);
      socket.write(Buffer.concat([head, body]));
    });
  };
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.once('close', () => sockets.delete(socket));
    if (connections++ < (options.vsock?.refusals ?? 0)) socket.destroy();
    else serve(socket);
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  return {
    path,
    asked,
    get connections() {
      return connections;
    },
    [Symbol.asyncDispose]: async () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}
