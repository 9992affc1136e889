import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { type IncomingMessage, type RequestOptions, request } from 'node:http';
import { connect } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { createAgent } from '@innkeeper/agent-core';
import { FakeHost, type Program, realClock } from '@innkeeper/agent-core/fake';
import { createClient } from '@innkeeper/client';
import { ExecEventSchema, ExecRequestSchema } from '@innkeeper/contract/agent';
import { silentLog } from '@innkeeper/kit';
import { until } from '@innkeeper/kit/testing';
import { WebSocket } from 'ws';
import { newId } from '../access/secrets.ts';
import { makeUser, sessionOf } from '../access/testing/test-users.ts';
import { type ServedApi, serveApi } from '../api/testing/serve-api.ts';
import { listenForControl, type ServedRelay, serveRelay } from './testing/serve-relay.ts';

const mib = 1024 * 1024;

/** Timers of the guest that are left over do not keep the test alive. */
const unrefClock = realClock({
  setTimeout: (callback, delayMs) => setTimeout(callback, delayMs).unref(),
  clearTimeout: (timer) => clearTimeout(timer as NodeJS.Timeout),
});

/** Writes as long as somebody takes it, and counts what was taken. */
let floodedBytes = 0;
const flood: Program = async ({ write }) => {
  const piece = new Uint8Array(16_384).fill(0x61);
  for (let sent = 0; sent < 8 * mib; sent += piece.length) {
    await write(piece);
    floodedBytes = sent + piece.length;
  }
  return 0;
};

describe('bytes through a control plane', { timeout: 60_000 }, () => {
  const guest = new FakeHost({ clock: unrefClock, programs: { '/usr/bin/flood': flood } });
  let api: ServedApi;
  let front: ServedRelay;
  let headers: Record<string, string>;

  before(async () => {
    const agent = createAgent(guest, silentLog);
    api = await serveApi({
      startAgent: (channel, { signal }) => void agent.serveChannel(channel, 'native', signal).catch(() => undefined),
    });
    await api.createVm('one');
    await listenForControl(api);
    front = await serveRelay(api);
    await makeUser(api.access, 'worker', ['vm.view', 'guest.file.read', 'guest.file.write', 'guest.exec']);
    await makeUser(api.access, 'reader', ['vm.view', 'guest.file.read']);
    headers = { ...(await sessionOf(api.access, 'worker')) };
  });
  after(async () => {
    await front[Symbol.asyncDispose]();
    await api[Symbol.asyncDispose]();
  });

  function begin(method: string, query: string, more: RequestOptions = {}): ReturnType<typeof request> {
    const url = `${front.base}/v1/vms/one/files?${query}`;
    return request(url, { method, agent: false, ...more, headers: { ...headers, ...more.headers } });
  }

  async function call(method: string, query: string, body?: Uint8Array, more: RequestOptions = {}) {
    const asked = begin(method, query, more);
    const answered = once(asked, 'response') as Promise<[IncomingMessage]>;
    asked.end(body);
    const [response] = await answered;
    const chunks: Buffer[] = [];
    for await (const chunk of response) chunks.push(chunk as Buffer);
    return { response, body: Buffer.concat(chunks), reason: response.headers['x-innkeeper-reason'] };
  }

  it('pass in both directions with their headers and trailers', async () => {
    const content = randomBytes(3 * mib);
    const sha256 = createHash('sha256').update(content).digest('hex');
    const put = await call('PUT', 'path=/root/a&upload=a1&mode=640', content);
    assert.deepEqual(JSON.parse(put.body.toString()), { bytes: content.length, sha256 });
    const got = await call('GET', 'path=/root/a&sha256=1');
    assert.deepEqual([got.response.statusCode, got.response.headers['x-innkeeper-mode']], [200, '640']);
    assert.equal(got.response.trailers['x-innkeeper-sha256'], sha256);
    assert.ok(got.body.equals(content));
    const head = await call('HEAD', 'path=/root/a');
    assert.deepEqual(
      [head.response.statusCode, head.response.headers['x-innkeeper-size']],
      [200, String(content.length)],
    );
  });

  it('carry the trailer of an upload, and its refusal back', async () => {
    const asked = begin('PUT', 'path=/root/t', { headers: { trailer: 'x-innkeeper-sha256' } });
    const answered = once(asked, 'response') as Promise<[IncomingMessage]>;
    asked.write('content');
    asked.addTrailers({ 'x-innkeeper-sha256': 'ab'.repeat(32) });
    asked.end();
    const [response] = await answered;
    response.resume();
    assert.equal(response.headers['x-innkeeper-reason'], 'CHECKSUM_MISMATCH');
  });

  it('are refused early and readably, however much the client still sends', async () => {
    const reader = { ...(await sessionOf(api.access, 'reader')) };
    const big = new Uint8Array(32 * mib);
    const asked = begin('PUT', 'path=/root/big', { headers: { ...reader, 'content-length': String(big.length) } });
    const answered = once(asked, 'response') as Promise<[IncomingMessage]>;
    asked.on('error', () => undefined);
    asked.write(big.subarray(0, mib));
    const [response] = await answered;
    assert.deepEqual([response.statusCode, response.headers['x-innkeeper-reason']], [403, 'PRIVILEGE_MISSING']);
    asked.destroy();
  });

  it('of a cut upload are not written, and the upload resumes through another control plane', async () => {
    await using other = await serveRelay(api);
    const content = randomBytes(2 * mib);
    const cut = begin('PUT', 'path=/root/cut&upload=c1');
    const failed = once(cut, 'error');
    cut.write(content.subarray(0, mib));
    let offset = 0;
    // The guest writes on while the first part is under way.
    for (const timeout = AbortSignal.timeout(10_000); offset === 0; timeout.throwIfAborted()) {
      const { response, reason } = await call('HEAD', 'path=/root/cut&upload=c1');
      if (reason === 'UPLOAD_BUSY') cut.destroy(new Error('cut'));
      else offset = Number(response.headers['x-innkeeper-offset']);
    }
    cut.destroy();
    await failed.catch(() => undefined);
    assert.equal((await call('GET', 'path=/root/cut')).response.statusCode, 404);
    const url = `${other.base}/v1/vms/one/files?path=/root/cut&upload=c1&offset=${offset}`;
    const put = await fetch(url, { method: 'PUT', headers, body: content.subarray(offset) });
    assert.equal(put.status, 200);
    assert.ok((await call('GET', 'path=/root/cut')).body.equals(content));
  });

  it('wait for a slow reader without filling memory, and end when it leaves', async () => {
    guest.files.put('/root/long', randomBytes(64 * mib));
    const asked = begin('GET', 'path=/root/long');
    asked.end();
    const [response] = (await once(asked, 'response')) as [IncomingMessage];
    response.pause();
    await new Promise((resolve) => setTimeout(resolve, 500));
    assert.deepEqual([front.access.live.size, api.access.live.size], [1, 1], 'somebody took 64 MiB');
    asked.destroy();
    await until(() => front.access.live.size === 0 && api.access.live.size === 0);
  });

  it('run a command, whole, with its input', async () => {
    const { secret } = await makeToken(api, front, headers);
    const client = createClient({ url: front.base, token: secret });
    const exec = client.exec('one', { start: { argv: ['/usr/bin/cat'], stdin: true } });
    let output = '';
    await exec.writeStdin(Buffer.from('through two programs\n'));
    exec.endStdin();
    for await (const { event } of exec) if (event.case === 'output') output += Buffer.from(event.value.data).toString();
    assert.equal(output, 'through two programs\n');
  });

  it('block a command whose output nobody reads', async () => {
    const socket = new WebSocket(`${front.base.replace('http', 'ws')}/v1/vms/one/exec`, {
      headers: { ...headers, origin: front.base },
    });
    await once(socket, 'open');
    socket.send(startOf('/usr/bin/flood'));
    await once(socket, 'message');
    socket.pause();
    await new Promise((resolve) => setTimeout(resolve, 500));
    assert.ok(floodedBytes < 2 * mib, `${floodedBytes} bytes were taken`);
    socket.terminate();
    await until(() => front.access.live.size === 0 && api.access.live.size === 0);
  });

  it('of a WebSocket arrive before its close, which has the same code at both ends', async () => {
    const socket = new WebSocket(`${front.base.replace('http', 'ws')}/v1/vms/one/exec`, {
      headers: { ...headers, origin: front.base },
    });
    const texts: string[] = [];
    const events: string[] = [];
    socket.on('message', (data: Buffer, isBinary) => {
      if (isBinary) events.push(String(fromBinary(ExecEventSchema, data).event.case));
      else texts.push(data.toString());
    });
    await once(socket, 'open');
    socket.send(startOf('/no/such'));
    const [code] = (await once(socket, 'close')) as [number];
    assert.equal(code, 1011);
    assert.deepEqual(events, []);
    assert.match(texts.at(-1) ?? '', /COMMAND_NOT_FOUND/);
  });

  it('closes both WebSockets after a message that is too large, and refuses a malformed WebSocket handshake', async () => {
    const socket = new WebSocket(`${front.base.replace('http', 'ws')}/v1/vms/one/exec`, {
      headers: { ...headers, origin: front.base },
    });
    await once(socket, 'open');
    socket.send(new Uint8Array(4 * mib + 1));
    assert.equal((await once(socket, 'close'))[0], 1009);
    const url = new URL(front.base);
    const raw = connect(Number(url.port), url.hostname);
    const upgrade = [
      'GET /v1/live HTTP/1.1',
      `Host: ${url.host}`,
      `Origin: ${front.base}`,
      `Cookie: ${headers['cookie']}`,
    ];
    raw.write(
      `${[...upgrade, 'Connection: upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Version: 13'].join('\r\n')}\r\n\r\n`,
    );
    const [answer] = (await once(raw, 'data')) as [Buffer];
    assert.match(answer.toString(), /^HTTP\/1.1 400 /);
    await until(() => front.access.live.size === 0 && api.access.live.size === 0);
  });

  it('in transit when the node disappears break off, with the reason in the trailer for clients that read it', async () => {
    const start = async (more: Record<string, string>): Promise<IncomingMessage> => {
      const asked = begin('GET', 'path=/root/long', { headers: more });
      asked.end();
      const [response] = (await once(asked, 'response')) as [IncomingMessage];
      await once(response, 'readable');
      response.read();
      return response;
    };
    const plain = await start({});
    const ours = await start({ te: 'trailers' });
    const restarted = api.restartServer();
    await assert.rejects(plain.toArray(), { code: 'ECONNRESET' });
    await ours.toArray();
    await restarted;
    assert.equal(JSON.parse(ours.trailers['x-innkeeper-error'] ?? '{}').reason, 'NODE_UNREACHABLE');
    await listenForControl(api);
  });
});

function startOf(program: string): Uint8Array {
  return toBinary(
    ExecRequestSchema,
    create(ExecRequestSchema, { input: { case: 'start', value: { id: newId(), argv: [program] } } }),
  );
}

async function makeToken(
  api: ServedApi,
  front: ServedRelay,
  session: Record<string, string>,
): Promise<{ readonly secret: string }> {
  const answer = await fetch(`${front.base}/innkeeper.control.v1.AccessService/CreateToken`, {
    method: 'POST',
    headers: { ...session, 'content-type': 'application/json' },
    body: JSON.stringify({ name: `t${api.access.clock.nowMs()}`, privileges: ['*'] }),
  });
  return (await answer.json()) as { secret: string };
}
