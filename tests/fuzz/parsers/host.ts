import assert from 'node:assert/strict';
import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import { PassThrough } from 'node:stream';
import { type DescMessage, fromBinary, type MessageShape } from '@bufbuild/protobuf';
import { parseVmFilter } from '@innkeeper/contract';
import { FreezeReportSchema, GetUnitResponseSchema, NetworkReportSchema } from '@innkeeper/contract/agent';
import { OperationError } from '@innkeeper/contract/errors';
import { JsonBody } from '../../../apps/innkeeper/src/api/compat/json-body.ts';
import { skippedHeader } from '../../../apps/innkeeper/src/api/skipped-header.ts';
import { tunnelTarget } from '../../../apps/innkeeper/src/api/tunnel/tunnel-target.ts';
import { HttpMethodError } from '../../../apps/innkeeper/src/edge/api-error.ts';
import { findHttpRoute, isRoutePath } from '../../../apps/innkeeper/src/edge/find-route.ts';
import { portOfHost, portOfPath } from '../../../apps/innkeeper/src/edge/ports/port-address.ts';
import { headersFromGuest, headersToGuest } from '../../../apps/innkeeper/src/edge/ports/port-headers.ts';
import * as query from '../../../apps/innkeeper/src/edge/query.ts';
import { httpRoutes } from '../../../apps/innkeeper/src/edge/route-table.ts';
import { readVmPath, vmHeader, vmOfCall } from '../../../apps/innkeeper/src/edge/vm-address.ts';
import { bytesBeforeCut } from '../../../apps/innkeeper/src/node/terminals/cut-sequence.ts';
import { checkReport } from '../../../packages/agent-client/src/freeze-claims.ts';
import { checkNetwork } from '../../../packages/agent-client/src/network-claims.ts';
import { checkUnit } from '../../../packages/agent-client/src/unit-claims.ts';
import { readBlockStats } from '../../../packages/hypervisor/src/qemu/block-stats.ts';
import { EventTranslator } from '../../../packages/hypervisor/src/qemu/event-translator.ts';
import { parseQemuRecord } from '../../../packages/hypervisor/src/qemu/qemu-record.ts';
import { QmpClient } from '../../../packages/hypervisor/src/qemu/qmp.ts';
import { parseVmRecord } from '../../../packages/hypervisor/src/vm-record.ts';
import { type Parser, textOf } from '../parser.ts';
import { parsers as foreignAgents } from './foreign-agents.ts';
import { checkSplits, piecesOf, plain, refusesWith } from './helpers.ts';

const refusesAsOperation = refusesWith(OperationError);
const greeting = '{"QMP":{"version":{"qemu":{"major":7,"minor":2,"micro":0}}}}\n';
const accepted = '{"return":{},"id":1}\n';

/** What a client of QMP makes of these pieces: events, then the answer to a question or why there is none. */
async function readQmp(pieces: Iterable<Uint8Array>): Promise<unknown[]> {
  const streams = { readable: new PassThrough(), writable: new PassThrough() };
  const found: unknown[] = [];
  const opening = QmpClient.open(streams);
  streams.readable.emit('data', Buffer.from(greeting));
  streams.writable.once('data', () => streams.readable.emit('data', Buffer.from(accepted)));
  const { client } = await opening;
  const translator = new EventTranslator();
  client.events.add((event) => found.push(translator.take(event) ?? event.name));
  const answer = client.execute('query-blockstats').then(
    (value) => plain([value, readBlockStats(value)]),
    (error: unknown) => String(error),
  );
  for (const piece of pieces) streams.readable.emit('data', Buffer.from(piece));
  streams.readable.emit('end');
  found.push(await answer, translator.shutdown);
  return found;
}

const qmp: Parser = {
  name: 'qmp',
  covers: /\/packages\/hypervisor\/src\/qemu\//,
  seeds: () => [
    '{"event":"STOP","timestamp":{"seconds":1}}\r\n{"return":[{"stats":{"rd_bytes":1,"wr_bytes":2}}],"id":2}\r\n',
    '{"event":"SHUTDOWN","data":{"guest":true,"reason":"guest-shutdown"}}\n{"error":{"class":"X","desc":"y"},"id":2}\n',
    '{"event":"BLOCK_IO_ERROR","data":{"action":"stop","nospace":true}}\n{"event":"STOP"}\n{"event":"VSERPORT_CHANGE","data":{"open":true,"id":"port0"}}\n',
    '\n',
  ],
  dictionary: [
    '{"event":"RESUME"}\n',
    '"id":2',
    '"data":',
    'null',
    '\n',
    '{',
    '"QMP":{}',
    '[',
    '"GUEST_PANICKED"',
    '"RESET"',
  ],
  run: async (bytes) => {
    const pieces = piecesOf(bytes);
    assert.equal(plain(await readQmp(pieces)), plain(await readQmp([bytes])), 'in pieces the result is another one');
  },
};

const record: Parser = {
  name: 'vm-record',
  covers: /\/packages\/hypervisor\/src\//,
  seeds: () => [
    '{"id":"a","driver":"qemu","payload":{"runDirectory":"/r","pid":77,"pidStartTicks":"5","accelerator":"kvm"}}',
    '{"id":"a","driver":"qemu","runDirectory":"/r","pid":77,"pidStartTicks":"5"}',
  ],
  dictionary: ['"payload":', 'null', '[]', '-1', '"pid":1', '1e99'],
  run: (bytes) => {
    const found = parseVmRecord(textOf(bytes));
    const process = found === undefined ? undefined : parseQemuRecord(found);
    if (process !== undefined) assert.ok(process.pid > 1);
  },
};

const filter: Parser = {
  name: 'vm-filter',
  facesPeer: true,
  covers: /\/packages\/contract\/src\/vm-filter\//,
  seeds: () => ['web state:running agent:outdated mem>80', '!tag:env=prod os:"debian gnu" uptime>2d', 'state>1 a ! "x'],
  dictionary: ['state:', 'mem>=', '!', '"', ':', ' ', 'uptime<', '2d', '%', 'tag:'],
  run: (bytes) => {
    const text = textOf(bytes);
    const { conditions, problems } = parseVmFilter(text);
    assert.ok(conditions.length + problems.length <= text.length);
    for (const { start, end } of problems) assert.ok(start >= 0 && start < end && end <= text.length);
  },
};

/** A request whose first line, and headers after it, are these. */
function requestOf(text: string): IncomingMessage {
  const [first = '', ...lines] = text.split('\n');
  const [method = '', url = ''] = first.split(' ');
  const headers = lines.flatMap((line) => {
    const at = line.indexOf(':');
    return at > 0 ? [[line.slice(0, at).toLowerCase(), line.slice(at + 1).trim()] as const] : [];
  });
  return Object.assign(new IncomingMessage(new Socket()), { method, url, headers: Object.fromEntries(headers) });
}

const address: Parser = {
  name: 'http-address',
  facesPeer: true,
  covers: /\/apps\/innkeeper\/src\/(edge|api)\//,
  seeds: () => [
    'GET /v1/vms/web/files?path=%2Fetc&offset=5',
    'PUT /v1/vms/a%20b/files?path=/x&mode=644&modified_ns=-5&create=1',
    'POST /v1/vms/web/innkeeper.agent.v1.FileService/Stat',
    `GET /v1/vms/web/ports/3000/~${'a'.repeat(43)}/x?y`,
    'GET /v1/vms/web/tunnel?port=22\ninnkeeper-vm: we%62',
  ],
  dictionary: ['%', '%2F', '/v1/vms/', '?', '&', 'path=', 'offset=', '/ports/', '/~', 'innkeeper-vm: ', '..', '\n'],
  refuses: refusesWith(OperationError, HttpMethodError),
  run: (bytes) => {
    const request = requestOf(textOf(bytes));
    isRoutePath(request.url);
    const port = portOfPath(request.url);
    if (port !== undefined) {
      assert.ok(port.rest.startsWith('/') && request.url?.startsWith(port.prefix));
      assert.match(port.port, /^\d+$/);
    }
    const headers = new Headers();
    readVmPath(request);
    const vm = request.headers[vmHeader];
    if (typeof vm === 'string' && /^[ -~]*$/.test(vm)) {
      headers.set(vmHeader, vm);
      if (vm.trim() !== '') assert.equal(typeof vmOfCall(headers), 'string');
    }
    const { query: parameters } = findHttpRoute(httpRoutes, request);
    query.requiredPath(parameters);
    for (const name of parameters.keys()) {
      const count = query.optionalBytes(parameters, name);
      assert.ok(count === undefined || count >= 0n);
      query.optionalNs(parameters, name);
    }
    assert.ok((query.optionalMode(parameters) ?? 0) <= 0o7777);
    tunnelTarget(parameters);
  },
};

const portHeaders: Parser = {
  name: 'port-headers',
  facesPeer: true,
  covers: /\/apps\/innkeeper\/src\/edge\//,
  seeds: () => [
    `GET /x\nhost: 3000--web.ports.example.com:80\ncookie: innkeeper_port=${'a'.repeat(43)}; innkeeper_session=s; ik-a=b; c=d\norigin: null`,
    'GET /v1/vms/web/ports/3000/\nlocation: http://localhost:3000/y\nset-cookie: a=b; Path=/; HttpOnly; Domain=x\ncontent-security-policy: default-src *',
  ],
  dictionary: [
    'cookie: ',
    'innkeeper_port=',
    '__Host-',
    'set-cookie: ',
    'location: ',
    '//',
    ';',
    'authorization: x',
    '\n',
  ],
  run: (bytes) => {
    const { url, headers } = requestOf(textOf(bytes));
    const { host } = headers;
    const own = portOfHost({ url, host, cookie: headers.cookie }, 'ports.example.com');
    for (const port of [own, portOfPath(url), portOfPath('/v1/vms/web/ports/3000/')]) {
      if (port === undefined) continue;
      const seen = headersToGuest(headers, port, { isSecure: true, host: host ?? '' });
      assert.doesNotMatch(String(seen['cookie'] ?? ''), /(^|; )(__Host-)?innkeeper_port=/, 'the guest sees the grant');
      if (port.ownHost === undefined)
        assert.doesNotMatch(String(seen['cookie'] ?? ''), /(^|; )innkeeper_session=/, 'the guest sees the session');
      if (port.grant === undefined) assert.equal(seen['authorization'], undefined);
      // Node has a list of these.
      const theirs = { ...headers, 'set-cookie': [headers['set-cookie'] ?? []].flat() };
      const shown = headersFromGuest(theirs, port);
      for (const cookie of [shown['set-cookie'] ?? []].flat())
        assert.doesNotMatch(
          String(cookie),
          /; *domain=|^(__Host-)?innkeeper_port=/i,
          'the guest sets a cookie of ours',
        );
      if (port.ownHost === undefined) assert.match(String(shown['content-security-policy']), /sandbox/);
    }
  },
};

const body: Parser = {
  name: 'json-body',
  facesPeer: true,
  covers: /\/apps\/innkeeper\/src\/api\//,
  seeds: () => [
    '{"command":"ls","args":["a"],"timeout_seconds":5,"waitForExit":true,"environment":{"A":"b"}}',
    '',
    '[]',
  ],
  dictionary: ['{', '"args":', 'null', '1e999', '-1', '{"__proto__":{}}', '"timeout_seconds":'],
  refuses: refusesAsOperation,
  run: async (bytes) => {
    const request = requestOf('POST /\ncontent-length: 1');
    const reading = JsonBody.read(request, AbortSignal.timeout(60_000));
    for (const piece of piecesOf(bytes)) if (piece.length > 0) request.push(Buffer.from(piece));
    request.push(null);
    const read = await reading;
    assert.equal(typeof read.text('command'), 'string');
    assert.ok(read.count('timeoutSeconds') >= 0);
    assert.equal(typeof read.flag('waitForExit', false), 'boolean');
    assert.ok(Array.isArray(read.texts('args')));
    assert.equal(typeof read.map('environment'), 'object');
  },
};

const header: Parser = {
  name: 'skipped-header',
  covers: /\/apps\/innkeeper\/src\/api\/skipped-header\.ts$/,
  seeds: () => ['x/a is a socket\n3 more entries', `${'ä'.repeat(500)}\n`.repeat(20)],
  dictionary: ['\n', '999999999 more ', '"', '\\', '\u2028'],
  run: (bytes) => {
    const text = skippedHeader(textOf(bytes).split('\n'));
    assert.match(text, /^[ -~]*$/);
    assert.ok(text.length <= 8192 + 40 && Array.isArray(JSON.parse(text)));
  },
};

/** A claim as protobuf-es decodes it, which is not fuzzed here; undefined for malformed bytes. */
function decoded<Desc extends DescMessage>(schema: Desc, bytes: Uint8Array): MessageShape<Desc> | undefined {
  try {
    return fromBinary(schema, bytes);
  } catch {
    // Errors of several classes.
    return undefined;
  }
}

function checkOf<Desc extends DescMessage>(schema: Desc, check: (answer: MessageShape<Desc>) => void) {
  return (bytes: Uint8Array): void => {
    const answer = decoded(schema, bytes);
    if (answer !== undefined) check(answer);
  };
}

const checks = [
  checkOf(FreezeReportSchema, checkReport),
  checkOf(NetworkReportSchema, checkNetwork),
  checkOf(GetUnitResponseSchema, (answer) => checkUnit({}, answer)),
];

const claims: Parser = {
  name: 'guest-claims',
  facesPeer: true,
  covers: /\/packages\/agent-client\/src\//,
  seeds: () => [Uint8Array.of(10, 4, 10, 2, 0x65, 0x74), Uint8Array.of(8, 1, 16, 2), new Uint8Array(0)],
  refuses: refusesAsOperation,
  run: (bytes) => {
    for (const check of checks) check(bytes);
  },
};

const terminal: Parser = {
  name: 'terminal-cut',
  facesPeer: true,
  covers: /\/apps\/innkeeper\/src\/node\/terminals\//,
  seeds: () => ['a\x1b[1;31mb\x1b]0;title\x07ä\x1bP1$r\x1b\\\x1b(B', '\x1b[', '\x1b]8;;http://x\x1b\\', 'ä€😀'],
  dictionary: ['\x1b[', '\x1b]', '\x1bP', '\x07', '\x1b\\', '\x18', '\x9b', 'm', '\x1b'],
  maxInputBytes: 2048,
  run: (bytes) => {
    checkSplits(bytes, (pieces) => {
      let before: Uint8Array = new Uint8Array(0);
      for (const piece of pieces) before = bytesBeforeCut(before, piece);
      return before;
    });
  },
};

/** What a daemon reads of its hypervisors, of HTTP clients, of other people's agents and of what guests claim. */
export const parsers: readonly Parser[] = [
  qmp,
  record,
  filter,
  address,
  portHeaders,
  body,
  header,
  claims,
  terminal,
  ...foreignAgents,
];
