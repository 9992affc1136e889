import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type ClientHttp2Session, connect as connectHttp2, type IncomingHttpHeaders } from 'node:http2';
import { connect } from 'node:net';
import { buffer, text } from 'node:stream/consumers';
import { after, before, describe, it } from 'node:test';
import type { DescMethod } from '@bufbuild/protobuf';
import { sessionOf } from '../access/testing/test-users.ts';
import { allMethods } from '../api/testing/all-methods.ts';
import { callJson } from '../api/testing/call-json.ts';
import { type ServedApi, serveApi } from '../api/testing/serve-api.ts';
import { listenForControl, type ServedRelay, serveRelay } from './testing/serve-relay.ts';

/** A field of wire type 7, which there is not; and a length that the body does not have. */
const badMessages = [Buffer.of(0x0f), Buffer.of(0x0a, 0x7f, 0x01)];
const badJson = ['', '{', '[]', '"x"', 'null{', '\xff'].map((each) => Buffer.from(each, 'latin1'));
const maxBytes = 4 * 1024 * 1024;

interface Wrong {
  readonly what: string;
  readonly isCommon: boolean;
  readonly contentType: string;
  readonly body: Buffer;
  readonly headers?: Record<string, string>;
  readonly reason?: string;
}

function envelope(message: Buffer, { flags = 0, length = message.length } = {}): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt8(flags, 0);
  head.writeUInt32BE(length, 1);
  return Buffer.concat([head, message]);
}

/** What no method takes, in the form of this content type. */
function wrongBodies(contentType: string, isEnveloped: boolean): Wrong[] {
  const messages = contentType.endsWith('json') ? badJson : badMessages;
  const empty = contentType.endsWith('json') ? Buffer.from('{}') : Buffer.alloc(0);
  const good = isEnveloped ? envelope(empty) : empty;
  const list: Omit<Wrong, 'contentType' | 'isCommon'>[] = messages.map((message) => ({
    what: `the message ${message.toString('hex')}`,
    body: isEnveloped ? envelope(message) : message,
  }));
  const encoding = contentType.includes('grpc')
    ? 'grpc-encoding'
    : isEnveloped
      ? 'connect-content-encoding'
      : 'content-encoding';
  const timeout = contentType.includes('grpc') ? 'grpc-timeout' : 'connect-timeout-ms';
  list.push(
    { what: 'a compression', body: good, headers: { [encoding]: 'gzip' }, reason: 'CONTENT_UNSUPPORTED' },
    { what: 'a wrong timeout', body: good, headers: { [timeout]: 'soon' } },
  );
  if (isEnveloped) {
    list.push(
      { what: 'no envelope', body: Buffer.alloc(0) },
      { what: 'a truncated envelope', body: Buffer.of(0, 0, 0) },
      { what: 'a truncated message', body: envelope(empty, { length: empty.length + 1 }) },
      { what: 'two messages', body: Buffer.concat([good, good]) },
      { what: 'wrong flags', body: envelope(empty, { flags: 0x40 }) },
      { what: 'a compressed message', body: envelope(empty, { flags: 1 }), reason: 'CONTENT_UNSUPPORTED' },
    );
  }
  return list.map((each, index) => ({ ...each, contentType, isCommon: index === 1 || each.what === 'no envelope' }));
}

function wrongCalls({ methodKind }: DescMethod): Wrong[] {
  const isUnary = methodKind === 'unary';
  return [
    ...(isUnary ? ['application/proto', 'application/json'] : []).flatMap((type) => wrongBodies(type, false)),
    ...(isUnary ? [] : ['application/connect+proto', 'application/connect+json']).flatMap((type) =>
      wrongBodies(type, true),
    ),
    ...['application/grpc', 'application/grpc+json', 'application/grpc-web+proto', 'application/grpc-web+json'].flatMap(
      (type) => wrongBodies(type, true),
    ),
  ];
}

interface Answer {
  readonly status: number;
  readonly reason: string;
  /** Of Connect and gRPC, as words or a number. */
  readonly code: string;
}

describe('requests that are malformed', () => {
  let api: ServedApi;
  let front: ServedRelay;
  let authorization: string;
  before(async () => {
    api = await serveApi({});
    await api.access.users.createFirst();
    await listenForControl(api);
    front = await serveRelay(api);
    const session = { ...(await sessionOf(api.access, 'admin')) };
    const { body } = await callJson(
      front.base,
      'AccessService/CreateToken',
      { name: 'test', privileges: ['*'] },
      session,
    );
    authorization = `Bearer ${String(body['secret'])}`;
  });
  after(async () => {
    await front[Symbol.asyncDispose]();
    await api[Symbol.asyncDispose]();
  });

  async function ask(session: ClientHttp2Session, method: DescMethod, wrong: Wrong): Promise<Answer> {
    const stream = session.request({
      ':method': 'POST',
      ':path': `/${method.parent.typeName}/${method.name}`,
      authorization,
      te: 'trailers',
      'content-type': wrong.contentType,
      ...wrong.headers,
    });
    let trailers: IncomingHttpHeaders = {};
    stream.on('trailers', (given) => {
      trailers = given;
    });
    stream.end(wrong.body);
    const [headers] = (await once(stream, 'response')) as [IncomingHttpHeaders];
    const body = await buffer(stream);
    const status = Number(headers[':status']);
    const sent = { ...headers, ...trailers, ...inBody(body, wrong.contentType) };
    return { status, reason: String(sent['x-innkeeper-reason']), code: String(sent['grpc-status'] ?? sent['code']) };
  }

  for (const through of ['the daemon', 'a control plane before it'] as const) {
    it(`are the caller’s fault, by every method in every protocol, through ${through}`, async () => {
      const session = connectHttp2(through === 'the daemon' ? await api.listenTcp() : front.base);
      try {
        const failures = await Promise.all(allMethods.map((method) => checkMethod(session, method)));
        assert.deepEqual(failures.flat(), []);
      } finally {
        session.close();
      }
    });
  }

  async function checkMethod(session: ClientHttp2Session, method: DescMethod): Promise<string[]> {
    const failures: string[] = [];
    // All that can be wrong for one method of each kind; for the others, what is most easily answered as our own fault.
    const isAll = method.name === 'GetVm' || method.name === 'WatchVm';
    for (const wrong of wrongCalls(method).filter(({ isCommon }) => isAll || isCommon)) {
      const { status, reason, code } = await ask(session, method, wrong);
      const wanted = wrong.reason ?? 'MALFORMED_REQUEST';
      const isGrpc = wrong.contentType.includes('grpc');
      const codes = wanted === 'MALFORMED_REQUEST' ? ['invalid_argument', '3'] : ['unimplemented', '12'];
      const isUnary = !isGrpc && method.methodKind === 'unary';
      const wantedStatus = isUnary ? (wanted === 'MALFORMED_REQUEST' ? 400 : 501) : 200;
      if (reason === wanted && codes[isGrpc ? 1 : 0] === code && status === wantedStatus) continue;
      failures.push(`${method.name} ${wrong.contentType} ${wrong.what}: ${status} ${code} ${reason}`);
    }
    return failures;
  }

  it('have a reason also for a content type, an HTTP method and a size that no call has', async () => {
    const base = await api.listenTcp();
    const url = `${base}/innkeeper.control.v1.VmService/GetVm`;
    const type = (value: string): object => ({ headers: { authorization, 'content-type': value } });
    for (const [init, status, reason] of [
      [{ method: 'POST', body: 'a=b', ...type('application/x-www-form-urlencoded') }, 415, 'CONTENT_UNSUPPORTED'],
      [{ method: 'GET', ...type('application/json') }, 405, 'UNKNOWN_METHOD'],
      [{ method: 'POST', body: 'x'.repeat(maxBytes + 1), ...type('application/json') }, 429, 'REQUEST_TOO_LARGE'],
    ] as const) {
      const answer = await fetch(url, init);
      await answer.text();
      assert.deepEqual([answer.status, answer.headers.get('x-innkeeper-reason')], [status, reason]);
    }
  });

  it('that name no host, or one that is not, do not end the daemon', async () => {
    const path = '/innkeeper.control.v1.NodeService/GetNode';
    for (const head of [`POST ${path} HTTP/1.0\r\n`, `POST ${path} HTTP/1.1\r\nhost: a b [\r\n`]) {
      const socket = connect(api.socketPath);
      socket.end(`${head}content-type: application/json\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}`);
      const answer = await text(socket);
      assert.match(answer, /^HTTP\/1.1 400 /);
      assert.match(answer, /MALFORMED_REQUEST/);
    }
    assert.equal((await fetch(`${await api.listenTcp()}/healthz`)).status, 200);
  });

  it('by a reset in the middle of a body do nothing', async () => {
    const session = connectHttp2(await api.listenTcp());
    const stream = session.request({
      ':method': 'POST',
      ':path': '/innkeeper.control.v1.AccessService/SetRole',
      authorization,
      'content-type': 'application/proto',
    });
    stream.on('error', () => undefined);
    // A whole message so far: a role of the name "cut", which more fields would follow.
    stream.write(Buffer.from('\n\x03cut', 'latin1'));
    await new Promise<void>((resolve) => session.ping(() => resolve()));
    stream.close(8);
    await once(stream, 'close');
    await new Promise<void>((resolve) => session.ping(() => resolve()));
    session.close();
    const { body } = await callJson(front.base, 'AccessService/ListRoles', {}, { authorization });
    const names = (body['roles'] as { name: string }[]).map(({ name }) => name);
    assert.ok(!names.includes('cut'), names.join(' '));
  });
});

/** What the body says of an error: JSON in Connect, with an envelope in its streams; trailers as text in gRPC-web. */
function inBody(body: Buffer, contentType: string): Record<string, string> {
  if (contentType.startsWith('application/grpc-web')) {
    const lines = body.subarray(5).toString().split('\r\n');
    return Object.fromEntries(lines.map((line) => line.split(/: ?/, 2) as [string, string]));
  }
  if (contentType.startsWith('application/grpc') || body.length === 0) return {};
  if (!contentType.startsWith('application/connect')) return JSON.parse(body.toString()) as Record<string, string>;
  const { error, metadata } = JSON.parse(body.subarray(5).toString()) as {
    error?: { code: string };
    metadata?: Record<string, string[]>;
  };
  const sent = Object.entries(metadata ?? {}).map(([name, [value = '']]) => [name.toLowerCase(), value]);
  return { ...Object.fromEntries(sent), code: error?.code ?? 'none' };
}
