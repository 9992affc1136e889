import { createServer, type Socket } from 'node:net';

export type QgaArguments = Readonly<Record<string, unknown>>;
export type QgaModelAnswer = { readonly return: unknown } | { readonly error: { class: string; desc: string } };

export interface QgaModelOptions {
  /** Answers by command; others are CommandNotFound. */
  readonly answers?: Readonly<Record<string, (given: QgaArguments) => QgaModelAnswer>> | undefined;
  /** Commands that guest-info reports as disabled. */
  readonly disabled?: readonly string[] | undefined;
  /** Bytes that are in the channel when a client connects, as of an earlier one. */
  readonly stale?: Uint8Array | undefined;
  /** What a hostile agent sends instead of an answer; undefined: it answers as usual. */
  readonly instead?: ((command: string) => Uint8Array | undefined) | undefined;
}

/** A QGA agent on a unix socket, written from the protocol's contract: one client at a time, in order, state kept between them. */
export interface QgaModel extends AsyncDisposable {
  readonly path: string;
  /** Every command that was asked, in order, without syncs. */
  readonly asked: readonly { readonly command: string; readonly given: QgaArguments }[];
  /** Clients that are connected now. */
  readonly clients: number;
}

const usual: NonNullable<QgaModelOptions['answers']> = {
  'guest-ping': () => ({ return: {} }),
  'guest-get-host-name': () => ({ return: { 'host-name': 'modelled' } }),
  'guest-get-osinfo': () => ({
    return: { id: 'model', 'pretty-name': 'Model 1', 'kernel-release': '6.1', machine: 'x86_64' },
  }),
  'guest-fsfreeze-status': () => ({ return: 'thawed' }),
  'guest-get-time': () => ({ return: Date.now() * 1e6 }),
};

export async function startQgaModel(path: string, options: QgaModelOptions = {}): Promise<QgaModel> {
  const answers = { ...usual, ...options.answers };
  const asked: { command: string; given: QgaArguments }[] = [];
  const waiting: Socket[] = [];
  let current: Socket | undefined;
  let text = '';
  const info = (): QgaModelAnswer => ({
    return: {
      version: '10.2.0',
      supported_commands: ['guest-info', 'guest-sync-delimited', ...Object.keys(answers)].map((name) => ({
        name,
        enabled: options.disabled?.includes(name) !== true,
        'success-response': name !== 'guest-shutdown',
      })),
    },
  });
  const serve = (socket: Socket, line: string): void => {
    const send = (value: string | Uint8Array): void => void (socket.destroyed || socket.write(value));
    // 0xFF resets the parser, and is answered by an error.
    const [before = '', request = before] = line.split('\xff');
    if (line.includes('\xff')) send('{"error": {"class": "GenericError", "desc": "JSON parse error, stray"}}\n');
    const { execute, arguments: given = {} } = JSON.parse(request) as { execute: string; arguments?: QgaArguments };
    if (execute === 'guest-sync-delimited') {
      const other = options.instead?.(execute);
      if (other !== undefined) send(other);
      else send(Buffer.from(`\xff{"return": ${String(given['id'])}}\n`, 'latin1'));
      return;
    }
    asked.push({ command: execute, given });
    const other = options.instead?.(execute);
    if (other !== undefined) {
      send(other);
      return;
    }
    const answer = execute === 'guest-info' ? info() : answers[execute]?.(given);
    if (answer !== undefined && 'return' in answer && answer.return === undefined) return;
    const unknown = { error: { class: 'CommandNotFound', desc: `The command ${execute} has not been found` } };
    send(`${JSON.stringify(answer ?? unknown)}\n`);
  };
  const next = (): void => {
    current = waiting.shift();
    if (current === undefined) return;
    const socket = current;
    if (options.stale !== undefined) socket.write(options.stale);
    socket.on('data', (bytes) => {
      text += bytes.toString('latin1');
      for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n')) {
        const line = text.slice(0, end);
        text = text.slice(end + 1);
        serve(socket, line);
      }
    });
    socket.once('close', next);
    socket.resume();
  };
  const server = createServer((socket) => {
    socket.on('error', () => socket.destroy());
    socket.pause();
    waiting.push(socket);
    if (current === undefined) next();
    else socket.once('close', () => waiting.splice(waiting.indexOf(socket), waiting.includes(socket) ? 1 : 0));
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  return {
    path,
    asked,
    get clients() {
      return (current === undefined ? 0 : 1) + waiting.length;
    },
    [Symbol.asyncDispose]: async () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const socket of [current, ...waiting]) socket?.destroy();
      await closed;
    },
  };
}
