import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import type { MessageInitShape } from '@bufbuild/protobuf';
import type { ConnectRequestSchema, OpenTunnel } from '@innkeeper/contract/agent';
import { TunnelServiceLite } from '@innkeeper/contract/agent-lite';
import type { ConformanceCase } from '../conformance-case.ts';
import type { NativeClient } from '../native-client.ts';

const needsNative = 'tunnels';

type Request = MessageInitShape<typeof ConnectRequestSchema>;
type Open = Partial<Pick<OpenTunnel, 'target' | 'address' | 'timeoutMs'>>;

const open = (value: Open): Request => ({ input: { case: 'open', value } });
const data = (text: string | Uint8Array): Request => ({ input: { case: 'data', value: Buffer.from(text) } });
const tcp = (tcpPort: number, more: Open = {}): Request =>
  open({ target: { case: 'tcpPort', value: tcpPort }, ...more });
const unix = (path: string): Request => open({ target: { case: 'unixPath', value: path } });

/** A program of the guest: `serve` gets its connections, with half-close as sockets have it. */
class Program implements AsyncDisposable {
  readonly server: Server;
  readonly #sockets = new Set<Socket>();

  constructor(serve: (socket: Socket) => void) {
    this.server = createServer({ allowHalfOpen: true }, (socket) => {
      this.#sockets.add(socket);
      socket.on('error', () => undefined);
      serve(socket);
    });
  }

  async listen(where: { readonly host: string } | { readonly path: string }): Promise<number> {
    this.server.listen('path' in where ? where : { ...where, port: 0 });
    await once(this.server, 'listening');
    return 'path' in where ? 0 : (this.server.address() as AddressInfo).port;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.server.close();
    await once(this.server, 'close');
  }
}

/** Sends the requests and their end; resolves to what came back until the call ended. */
async function exchange(
  client: NativeClient,
  ...requests: readonly (Request | AsyncIterable<Request>)[]
): Promise<{ readonly kinds: (string | undefined)[]; readonly bytes: Buffer }> {
  async function* all(): AsyncGenerator<Request> {
    for (const request of requests) {
      if (Symbol.asyncIterator in request) yield* request;
      else yield request;
    }
  }
  const kinds: (string | undefined)[] = [];
  const parts: Uint8Array[] = [];
  for await (const { event } of client.link.stream(TunnelServiceLite.connect, all())) {
    if (kinds.at(-1) !== event.case) kinds.push(event.case);
    if (event.case === 'data') parts.push(event.value);
  }
  return { kinds, bytes: Buffer.concat(parts) };
}

const echo = (socket: Socket): void => void socket.pipe(socket);

export const tunnelCases: readonly ConformanceCase[] = [
  {
    title: 'a tunnel carries bytes to a TCP port of the guest and back, and then the end of both sides',
    needsNative,
    run: async ({ client }) => {
      await using program = new Program(echo);
      const port = await program.listen({ host: '127.0.0.1' });
      const { kinds, bytes } = await exchange(client, tcp(port), data('one '), data('two'));
      assert.deepEqual([kinds, `${bytes}`], [['opened', 'data', 'ended'], 'one two']);
    },
  },
  {
    title: 'a tunnel to a port finds a program that listens only on ::1',
    needsNative,
    run: async ({ client }) => {
      await using program = new Program(echo);
      const port = await program.listen({ host: '::1' });
      assert.equal(`${(await exchange(client, tcp(port), data('six'))).bytes}`, 'six');
      assert.equal(`${(await exchange(client, tcp(port, { address: '::1' }), data('six'))).bytes}`, 'six');
    },
  },
  {
    title: 'a tunnel carries bytes to a unix socket, also through a link to it',
    needsNative,
    run: async ({ client, folder }) => {
      await using program = new Program(echo);
      await program.listen({ path: join(folder, 's') });
      await symlink('s', join(folder, 'link'));
      for (const name of ['s', 'link'])
        assert.equal(`${(await exchange(client, unix(join(folder, name)), data(name))).bytes}`, name);
    },
  },
  {
    title: 'a program can answer after the end of its input, and can end before that of its caller',
    needsNative,
    run: async ({ client }) => {
      await using late = new Program((socket) => {
        let count = 0;
        socket.on('data', (part) => (count += part.length));
        socket.on('end', () => socket.end(`got ${count}`));
      });
      const port = await late.listen({ host: '127.0.0.1' });
      assert.equal(`${(await exchange(client, tcp(port), data('12345'))).bytes}`, 'got 5');

      const received = Promise.withResolvers<string>();
      await using early = new Program((socket) => {
        socket.end('first');
        let text = '';
        socket.on('data', (part) => (text += part));
        socket.on('end', () => received.resolve(text));
      });
      const requests = (async function* () {
        yield data('after');
        yield data(' the end');
      })();
      const { bytes } = await exchange(client, tcp(await early.listen({ host: '127.0.0.1' })), requests);
      assert.deepEqual([`${bytes}`, await received.promise], ['first', 'after the end']);
    },
  },
  {
    title: 'a tunnel carries 32 MiB both ways at once, unchanged, to a program that reads slowly at first',
    needsNative,
    run: async ({ client }) => {
      await using program = new Program((socket) => {
        socket.pause();
        socket.pipe(socket);
      });
      const port = await program.listen({ host: '127.0.0.1' });
      const block = Buffer.from(Array.from({ length: 60_000 }, (_, index) => (index * index) >> 3));
      const sent = createHash('sha256');
      const requests = (async function* () {
        for (let count = 0; count < 560; count++) {
          block.writeUInt32BE(count);
          const part = Buffer.from(block.subarray(0, 60_000 - (count % 7)));
          sent.update(part);
          yield data(part);
        }
      })();
      const { bytes } = await exchange(client, tcp(port), requests);
      assert.equal(createHash('sha256').update(bytes).digest('hex'), sent.digest('hex'));
    },
  },
  {
    title: 'a tunnel whose program does not read holds back its caller and nothing else',
    needsNative,
    run: async ({ client }) => {
      await using program = new Program((socket) => void socket.pause());
      const port = await program.listen({ host: '127.0.0.1' });
      let sent = 0;
      const controller = new AbortController();
      const requests = (async function* () {
        yield tcp(port);
        for (; ; sent += 60_000) yield data(new Uint8Array(60_000));
      })();
      const stream = client.link.stream(TunnelServiceLite.connect, requests, { signal: controller.signal });
      assert.equal((await stream.next()).value?.event.case, 'opened');
      let before = -1;
      while (before !== sent) {
        before = sent;
        for (let count = 0; count < 20; count++) await client.ping();
      }
      assert.ok(sent < 40 * 1024 * 1024, `${sent} bytes`);
      controller.abort(new Error('enough'));
      await assert.rejects(stream.next(), /enough/);
    },
  },
  {
    title: 'a canceled tunnel closes the connection of the program',
    needsNative,
    run: async ({ client }) => {
      const closed = Promise.withResolvers<void>();
      await using program = new Program((socket) => {
        socket.resume();
        socket.on('close', () => closed.resolve());
        socket.on('end', () => socket.destroy());
      });
      const port = await program.listen({ host: '127.0.0.1' });
      const requests = (async function* () {
        yield tcp(port);
        await new Promise(() => undefined);
      })();
      const stream = client.link.stream(TunnelServiceLite.connect, requests);
      assert.equal((await stream.next()).value?.event.case, 'opened');
      await stream.return();
      await closed.promise;
    },
  },
  {
    title: 'a program that breaks off ends its tunnel with TUNNEL_RESET',
    needsNative,
    run: async ({ client }) => {
      await using program = new Program((socket) => void socket.once('data', () => socket.resetAndDestroy()));
      const port = await program.listen({ host: '127.0.0.1' });
      await assert.rejects(exchange(client, tcp(port), data('x')), { reason: 'TUNNEL_RESET' });
    },
  },
  {
    title: 'a port or socket without a program is refused with its reason',
    needsNative,
    run: async ({ client, folder }) => {
      const gone = new Program(echo);
      const port = await gone.listen({ host: '127.0.0.1' });
      await gone[Symbol.asyncDispose]();
      await writeFile(join(folder, 'file'), '');
      await mkdir(join(folder, 'dir'));
      const refusals: [Request, string][] = [
        [tcp(port), 'TUNNEL_REFUSED'],
        [tcp(port, { address: '127.0.0.1' }), 'TUNNEL_REFUSED'],
        [unix(join(folder, 'none')), 'FILE_NOT_FOUND'],
        [unix(join(folder, 'file')), 'TUNNEL_REFUSED'],
        [unix(join(folder, 'dir')), 'TUNNEL_REFUSED'],
        [unix(join(folder, 'file', 'below')), 'FILE_NOT_DIRECTORY'],
      ];
      for (const [request, reason] of refusals)
        await assert.rejects(exchange(client, request), { reason }, JSON.stringify(request));
    },
  },
  {
    title: 'a program whose queue is full is waited for until the timeout',
    needsNative,
    run: async ({ client, folder }) => {
      const path = join(folder, 'full');
      const script = [
        'import socket,sys',
        's=socket.socket(socket.AF_UNIX); s.bind(sys.argv[1]); s.listen(0)',
        'c=socket.socket(socket.AF_UNIX); c.connect(sys.argv[1]); print("full",flush=True); sys.stdin.read()',
      ].join('\n');
      await using listener = client.link.exec({ argv: ['python3', '-c', script, path], stdin: true });
      for await (const { event } of listener.events) if (event.case === 'output') break;
      const request = open({ target: { case: 'unixPath', value: path }, timeoutMs: 200 });
      await assert.rejects(exchange(client, request), { reason: 'TUNNEL_TIMEOUT' });
    },
  },
  {
    title: 'a tunnel refuses missing, malformed, oversized and foreign targets before it connects',
    needsNative,
    run: async ({ client, folder }) => {
      const refusals: [Request, string][] = [
        [open({}), 'INVALID_ARGUMENT'],
        [data('early'), 'INVALID_ARGUMENT'],
        [{}, 'INVALID_ARGUMENT'],
        [tcp(0), 'INVALID_ARGUMENT'],
        [tcp(65_536), 'INVALID_ARGUMENT'],
        [tcp(4_294_967_295), 'INVALID_ARGUMENT'],
        [tcp(80, { address: '192.0.2.1' }), 'INVALID_ARGUMENT'],
        [tcp(80, { address: '0.0.0.0' }), 'INVALID_ARGUMENT'],
        [tcp(80, { address: 'localhost' }), 'INVALID_ARGUMENT'],
        [tcp(80, { address: '127.0.0.1\0' }), 'INVALID_ARGUMENT'],
        [tcp(80, { address: '127.0.0.999' }), 'TUNNEL_UNREACHABLE'],
        [tcp(80, { address: '1'.repeat(60_000) }), 'INVALID_ARGUMENT'],
        [tcp(80, { timeoutMs: 60_001 }), 'INVALID_ARGUMENT'],
        [open({ target: { case: 'unixPath', value: '/s' }, address: '127.0.0.1' }), 'INVALID_ARGUMENT'],
        [unix(''), 'INVALID_PATH'],
        [unix('run/s'), 'INVALID_PATH'],
        [unix('\0abstract'), 'INVALID_PATH'],
        [unix(`${folder}/../s`), 'INVALID_PATH'],
        [unix(`${folder}/s\0x`), 'INVALID_PATH'],
        [unix(`/${'s'.repeat(107)}`), 'INVALID_PATH'],
        [unix(`/${'ü'.repeat(60)}`), 'INVALID_PATH'],
      ];
      for (const [request, reason] of refusals)
        await assert.rejects(exchange(client, request), { reason }, JSON.stringify(request).slice(0, 200));
    },
  },
  {
    title: 'a second "open" ends a tunnel with INVALID_ARGUMENT',
    needsNative,
    run: async ({ client }) => {
      await using program = new Program(echo);
      const port = await program.listen({ host: '127.0.0.1' });
      await assert.rejects(exchange(client, tcp(port), data('x'), tcp(port)), { reason: 'INVALID_ARGUMENT' });
    },
  },
];
