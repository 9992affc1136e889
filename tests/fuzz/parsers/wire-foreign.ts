import assert from 'node:assert/strict';
import { OperationError } from '@innkeeper/contract/errors';
import {
  HttpRequestReceiver,
  JsonFrameReceiver,
  printHttpReply,
  translateHttpRequest,
  translateJsonRequest,
} from '@innkeeper/wire';
import { networkOfNetplan } from '../../../packages/wire/src/agent-message/netplan/network-of-netplan.ts';
import { type Parser, textOf } from '../parser.ts';
import { checkSplits, plain, refusesWith } from './helpers.ts';

const freshId = (): string => 'id';
const refusesAsOperation = refusesWith(OperationError);
/** A call's answers never come here; what is sent for it must be encodable. */
const callOf = (call: ReturnType<typeof translateJsonRequest>): unknown => [call.method, [...call.requests()]];

function frameOf(value: unknown): Uint8Array {
  const body = Buffer.from(typeof value === 'string' ? value : JSON.stringify(value));
  const head = Buffer.alloc(4);
  head.writeUInt32BE(body.length);
  return Buffer.concat([head, body]);
}

function requestOf(body: Uint8Array): unknown {
  try {
    return callOf(translateJsonRequest(body, freshId));
  } catch (error) {
    if (!(error instanceof OperationError)) throw error;
    return error.message;
  }
}

const jsonFrameRequest: Parser = {
  name: 'json-frame-request',
  facesPeer: true,
  covers: /\/packages\/wire\/src\/(json-frames\/|json-text)(?!.*\.test\.ts)/,
  seeds: () => [
    frameOf({ type: 'health_check' }),
    frameOf({ type: 'exec', command: '/bin/true', args: ['a', 'ä', ''] }),
    frameOf({ type: 'write_file', path: '/a', content: 'text', mode: 0o644, append: true }),
    frameOf({ type: 'configure_network', ip: '192.0.2.5/24', gateway: '192.0.2.1', dns: ['192.0.2.53'] }),
    Buffer.concat([frameOf({ type: 'report_status' }), frameOf({ type: 'nothing' }), frameOf('[[[[[[]]]]]]')]),
    Uint8Array.of(0, 16, 0, 1, 0x7b),
    Uint8Array.of(0xff, 0xff, 0xff, 0xff),
  ],
  dictionary: [
    ...['{"type":"', 'exec', '"command":', '"args":[', '"append":true', '"mode":', '1e999', 'null', '{', '['],
    Uint8Array.of(0, 0, 0, 2),
    Uint8Array.of(0, 16, 0, 0),
  ],
  repair: (bytes) => {
    if (bytes.length > 4) new DataView(bytes.buffer, bytes.byteOffset).setUint32(0, bytes.length - 4);
    return bytes;
  },
  run: (bytes) => {
    checkSplits(bytes, (pieces) => {
      const receiver = new JsonFrameReceiver();
      const found: unknown[] = [];
      for (const piece of pieces)
        for (const incoming of receiver.push(piece)) {
          found.push(incoming.type === 'frame' ? requestOf(incoming.body) : incoming);
          // Nothing after a frame that is too long is read.
          if (incoming.type === 'oversize') return found;
        }
      return found;
    });
  },
};

const httpRequest: Parser = {
  name: 'http-request',
  facesPeer: true,
  covers: /\/packages\/wire\/src\/http\/(?!.*\.test\.ts)/,
  seeds: () => [
    'GET /health HTTP/1.1\r\nHost: a\r\n\r\n',
    'GET /metrics HTTP/1.1\r\nAccept: text/plain\r\nConnection: close\r\n\r\n',
    'POST /configure-interface HTTP/1.1\r\nContent-Length: 18\r\n\r\n{"interface":"e0"}',
    'POST /configure-interface HTTP/1.1\r\nContent-Length: 62\r\nOrigin: http://a\r\n\r\n{"interface":"e0","static_ip":"192.0.2.5/24","gateway":"192.0"}',
    'POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n',
    'HEAD /health HTTP/1.0\r\n\r\nGET /x HTTP/1.1\r\n\r\n',
  ],
  dictionary: [
    ...['\r\n', '\r\n\r\n', 'Content-Length: ', 'Transfer-Encoding: chunked', 'Expect: 100-continue', 'HTTP/1.1'],
    ...['GET ', 'POST ', '/configure-interface', '{"interface":', '99999999999999999999', '\n', '\0', ':', ' '],
  ],
  run: (bytes) => {
    checkSplits(bytes, (pieces) => {
      const receiver = new HttpRequestReceiver();
      const found: unknown[] = [];
      for (const piece of pieces)
        for (const incoming of receiver.push(piece)) {
          if (incoming.type === 'refused') return [...found, incoming];
          const { method, path } = incoming.request;
          const answer = translateHttpRequest(incoming.request, { unixSeconds: 1, mayConfigure: true, freshId });
          if ('status' in answer) {
            const printed = printHttpReply(answer, { keepsOpen: true, hasBody: true });
            assert.match(Buffer.from(printed).toString('latin1'), /^HTTP\/1\.1 \d{3} [ -~]*\r\n/);
            found.push([method, path, answer.status]);
          } else found.push([method, path, answer.method, sentOf(answer.requests)]);
        }
      return found;
    });
  },
};

/** What a call sends, or why it refuses to be made. */
function sentOf(requests: () => Iterable<Uint8Array>): unknown {
  try {
    return [...requests()];
  } catch (error) {
    if (!(error instanceof OperationError)) throw error;
    return error.message;
  }
}

const netplan: Parser = {
  name: 'netplan',
  facesPeer: true,
  covers: /\/packages\/wire\/src\/agent-message\/netplan\/(?!.*\.test\.ts)/,
  seeds: () => [
    'network:\n  version: 2\n  ethernets:\n    eth0:\n      addresses: [192.0.2.5/24, "2001:db8::5/64"]\n      gateway4: 192.0.2.1\n',
    'network:\n  ethernets:\n    eth0:\n      dhcp4: true\n      dhcp6: no\n      mtu: 1400\n      optional: true\n',
    "network:\n  ethernets:\n    'eth0':\n      nameservers:\n        addresses:\n          - 192.0.2.53\n        search: [a.example]\n",
    'network:\n  ethernets:\n    eth0:\n      routes:\n        - to: default\n          via: 192.0.2.1\n          metric: 100\n',
    '{network: {ethernets: {eth0: {dhcp4: true}}}}',
    '# comment\nnetwork: # here too\n\n---\n...\n',
  ],
  dictionary: [
    ...['\n', '  ', '- ', ': ', '[', ']', '{', '}', ', ', '#', "'", '"', '\\', '\t', '|', '>', '&a', '*a', '!!str'],
    ...['network:', 'ethernets:', 'addresses:', 'routes:', 'to:', 'via:', 'true', '0x10', '~', 'null', '<<:'],
  ],
  refuses: refusesAsOperation,
  run: (bytes) => plain(networkOfNetplan(textOf(bytes))),
};

/** What foreign hosts write to the agent. */
export const parsers: readonly Parser[] = [jsonFrameRequest, httpRequest, netplan];
