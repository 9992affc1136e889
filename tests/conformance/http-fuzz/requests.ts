import { type DescMethod, fromJson, toBinary } from '@bufbuild/protobuf';
import { ExecRequestSchema } from '@innkeeper/contract/agent';
import { allMethods } from '../../../apps/innkeeper/src/api/testing/all-methods.ts';
import { httpRoutes, socketRoutes } from '../../../apps/innkeeper/src/edge/route-table.ts';
import { Chance } from './chance.ts';
import { type KnownIds, messageJson, textOf } from './message-values.ts';

/** One request of the fuzz test. */
export interface FuzzRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer | undefined;
  /** Bidirectional streams and gRPC need it. */
  readonly isHttp2: boolean;
  /** Of a WebSocket: what the client sends, text or bytes. */
  readonly messages?: readonly (string | Buffer)[];
  readonly to: 'socket' | 'tcp' | 'relay';
}

/** Everything ends by itself within this time. */
const timeoutMs = '100';
const httpMethods = ['GET', 'HEAD', 'PUT', 'POST', 'DELETE', 'OPTIONS', 'PATCH'];
const hosts = [
  'x";id;"',
  'localhost',
  'evil.example',
  '[::1',
  'a b',
  '',
  '127.0.0.1:99999',
  '%2Ftmp%2Fsocket',
  '../..',
];
const oddHeaders: readonly (readonly [string, readonly string[]])[] = [
  ['content-encoding', ['gzip', 'identity', 'br', 'x']],
  ['connect-content-encoding', ['gzip', 'identity']],
  ['grpc-encoding', ['gzip', 'identity']],
  ['connect-timeout-ms', ['soon', '-1', '0', '99999999999', '1e3']],
  ['grpc-timeout', ['1S', 'x', '99999999999H', '0m']],
  ['connect-protocol-version', ['1', '2', 'x']],
  ['accept', ['application/x-ndjson', 'text/event-stream', '*/*', 'text/html', 'image/png']],
  ['innkeeper-vm', ['one', '%zz', '', 'nobody', '%00']],
  ['cookie', ['innkeeper_session=x', 'innkeeper_session=', '; ;=']],
  ['authorization', ['Bearer x', 'Bearer ink_x', 'Basic eDp5', 'Basic', '']],
  ['origin', ['http://evil.example', 'null', 'x']],
  ['sec-fetch-site', ['cross-site', 'same-origin', 'x']],
  ['x-innkeeper-csrf', ['x', '']],
  ['x-innkeeper-sha256', ['x', '0'.repeat(64)]],
  ['range', ['bytes=0-0', 'x']],
  ['te', ['trailers', 'x']],
  ['content-type', ['text/plain', 'application/json', 'application/json; charset=latin1', 'multipart/form-data', 'x']],
];

/** The request with this number of a seed: always the same one. */
export function fuzzRequest(seed: number, index: number, known: KnownIds, token: string): FuzzRequest {
  const chance = new Chance(Math.imul(seed, 2_654_435_761) ^ Math.imul(index + 1, 40_503));
  const make = chance.of([
    callRequest,
    callRequest,
    callRequest,
    callRequest,
    routeRequest,
    routeRequest,
    socketRequest,
  ]);
  const made = make(chance, known);
  const to = chance.of(['socket', 'socket', 'tcp', 'relay'] as const);
  const headers: Record<string, string> = { ...made.headers };
  if (to !== 'socket' && chance.is(0.95)) headers['authorization'] = `Bearer ${token}`;
  for (const [name, values] of oddHeaders) if (chance.is(0.02)) headers[name] = chance.of(values);
  if (chance.is(0.02)) headers['host'] = chance.of(hosts);
  return { ...made, to, headers };
}

function callRequest(chance: Chance, known: KnownIds): Omit<FuzzRequest, 'to'> {
  const method = chance.of(allMethods);
  const isForVm = method.parent.file.proto.package === 'innkeeper.agent.v1';
  const vm = chance.is(0.9) ? 'one' : encodeURIComponent(printable(textOf(chance, known)));
  const path = `${isForVm ? `/v1/vms/${vm}` : ''}/${method.parent.typeName}/${method.name}`;
  const { contentType, accept, body } = callBody(chance, method, known);
  return {
    method: chance.is(0.98) ? 'POST' : chance.of(httpMethods),
    path: chance.is(0.98) ? path : `${path}${chance.of(['?', '?x=1', 'x', '/', '%', '#'])}`,
    headers: {
      'content-type': contentType,
      ...(accept === '' ? {} : { accept }),
      [contentType.includes('grpc') ? 'grpc-timeout' : 'connect-timeout-ms']: contentType.includes('grpc')
        ? `${timeoutMs}m`
        : timeoutMs,
      te: 'trailers',
    },
    body,
    isHttp2: contentType.includes('grpc') || (method.methodKind === 'bidi_streaming' && accept === ''),
  };
}

interface CallBody {
  readonly contentType: string;
  readonly accept: string;
  readonly body: Buffer | undefined;
}

/** A request of a method in one of its protocols, now and then broken. */
function callBody(chance: Chance, method: DescMethod, known: KnownIds): CallBody {
  const isUnary = method.methodKind === 'unary';
  const json = Buffer.from(JSON.stringify(messageJson(chance, method.input, known)));
  const asText = !isUnary && chance.is(0.4);
  const contentType = asText
    ? chance.of(['application/json', 'application/x-ndjson', ''])
    : chance.of(
        isUnary
          ? ['application/json', 'application/json', 'application/json', 'application/proto', 'application/grpc+json']
          : [
              'application/connect+json',
              'application/connect+json',
              'application/connect+proto',
              'application/grpc+json',
            ],
      );
  const accept = asText ? chance.of(['application/x-ndjson', 'text/event-stream']) : '';
  const message = contentType.endsWith('proto') ? chance.bytes(chance.below(40)) : json;
  const isEnveloped = /connect\+|grpc/.test(contentType);
  const count = method.methodKind === 'bidi_streaming' ? chance.below(3) : 1;
  const one = isEnveloped ? envelope(message) : message;
  const body = Buffer.concat(Array.from({ length: count }, () => one));
  return { contentType, accept, body: chance.is(0.06) ? broken(chance, body) : body };
}

function envelope(message: Buffer): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt32BE(message.length, 1);
  return Buffer.concat([head, message]);
}

/** Truncated, with flipped bytes, too long, or not there at all. */
function broken(chance: Chance, body: Buffer): Buffer | undefined {
  const bytes = Buffer.from(body);
  switch (chance.below(6)) {
    case 0:
      return undefined;
    case 1:
      return Buffer.alloc(0);
    case 2:
      return bytes.subarray(0, chance.below(bytes.length + 1));
    case 3:
      return Buffer.concat([bytes, chance.bytes(20)]);
    case 4:
      return Buffer.alloc(chance.of([70_000, 4 * 1024 * 1024 + 1, 5_000_000]), 0x20);
    default:
      for (let count = 0; bytes.length > 0 && count < 3; count++) bytes[chance.below(bytes.length)] = chance.below(256);
      return bytes;
  }
}

const parameters = [
  ...[
    'path',
    'offset',
    'length',
    'size',
    'mode',
    'user',
    'group',
    'parents',
    'owners',
    'upload',
    'sha256',
    'no-symlinks',
  ],
  ...['vm', 'stream', 'since_unix_ns', 'until_unix_ns', 'before_id', 'action', 'text', 'result', 'columns', 'rows'],
];
const values = [
  '/d/a',
  '/d',
  '/etc/hostname',
  '',
  '0',
  '1',
  '-1',
  '99999999999999999999',
  '0644',
  '8',
  'x',
  '%zz',
  '%00',
  'both',
];

function routeRequest(chance: Chance, known: KnownIds): Omit<FuzzRequest, 'to'> {
  const route = chance.of([...httpRoutes, ...socketRoutes]);
  const path = route.path.replaceAll(/\{\w+\}/g, (name) => {
    if (name === '{vm}' && chance.is(0.8)) return 'one';
    if (name === '{id}' && chance.is(0.6)) return known.runId;
    return encodeURIComponent(printable(textOf(chance, known))) || '%';
  });
  const query = Array.from({ length: chance.below(5) }, () => `${chance.of(parameters)}=${chance.of(values)}`).join(
    '&',
  );
  const wanted = 'method' in route ? route.method : 'GET';
  const method = chance.is(0.9) ? wanted : chance.of(httpMethods);
  const hasBody = chance.is(method === 'GET' || method === 'HEAD' ? 0.1 : 0.9);
  const text = JSON.stringify({
    command: chance.of(['true', 'id', 'seq 3', '']),
    guestIp: chance.of(['10.0.2.15', 'x', '']),
    timeoutSeconds: chance.of([0, 1, -1, 1e12, 'x']),
    args: chance.of([[], ['1'], 'x', [1]]),
  });
  const junk = [
    '/',
    '/%',
    '/nothing',
    '/v1',
    '/v1/',
    '//',
    '/v1/vms/one',
    '/innkeeper.x.Y/Z',
    '/openapi.json',
    `/${'a'.repeat(9000)}`,
  ];
  return {
    method,
    path: chance.is(0.95) ? `${path}${query === '' ? '' : `?${query}`}` : chance.of(junk),
    headers: { 'content-type': chance.of(['application/json', 'application/octet-stream', '']) },
    body: hasBody
      ? chance.is(0.7)
        ? Buffer.from(text)
        : (broken(chance, Buffer.from(text)) ?? Buffer.alloc(0))
      : undefined,
    isHttp2: false,
  };
}

/** A WebSocket, with messages of its kind, of another kind, and of none. */
function socketRequest(chance: Chance, known: KnownIds): Omit<FuzzRequest, 'to'> {
  const path = chance
    .of(socketRoutes)
    .path.replace('{vm}', 'one')
    .replace('{terminal}', chance.of(['x', known.runId]));
  const query = Array.from({ length: chance.below(3) }, () => `${chance.of(parameters)}=${chance.of(values)}`).join(
    '&',
  );
  const messages = Array.from({ length: chance.below(4) }, () => {
    if (chance.is(0.2)) return chance.bytes(chance.below(80));
    if (chance.is(0.4))
      return Buffer.from(toBinary(ExecRequestSchema, fromJson(ExecRequestSchema, chance.of(execInputs))));
    const type = chance.of(['ack', 'resize', 'take', 'release', 'screen', '', 'x']);
    const number = chance.of([0, 1, -1, 1e9, 1e300, 'x', null]);
    return chance.is(0.9)
      ? JSON.stringify({ type, offset: number, bytes: number, columns: number, rows: number })
      : '{';
  });
  return { method: 'GET', path: `${path}?${query}`, headers: {}, body: undefined, isHttp2: false, messages };
}

const execInputs = [
  { start: { id: 'fuzz', argv: ['/usr/bin/true'] } },
  { start: { argv: ['/usr/bin/cat'], stdin: true } },
  { start: { shellCommand: 'seq 3', terminal: { columns: 0, rows: 4_294_967_295 } } },
  { attach: { id: 'fuzz', fromOffset: '18446744073709551615' } },
  { stdin: { offset: '9223372036854775807', end: true, data: 'aGkK' } },
  { resize: {} },
  { signal: 2_147_483_647 },
  {},
];

/** Without what a URL cannot have even when it is escaped. */
function printable(text: string): string {
  return text.toWellFormed().slice(0, 400);
}
