import assert from 'node:assert/strict';
import { afterEach, describe, it, mock } from 'node:test';
import { create, toBinary } from '@bufbuild/protobuf';
import { Code, createClient } from '@connectrpc/connect';
import { ListVmsResponseSchema, VmSchema, VmService } from '@innkeeper/contract/control';
import { createBinaryTransport } from './binary-transport.ts';

const client = createClient(VmService, createBinaryTransport({ csrfToken: () => 'token', baseUrl: 'http://host' }));

/** Answers the next fetch; returns the requests made. */
function respond(body: Uint8Array<ArrayBuffer> | string, status = 200): Request[] {
  const requests: Request[] = [];
  mock.method(globalThis, 'fetch', async (url: string, init: RequestInit) => {
    requests.push(new Request(url, init));
    return new Response(body, { status });
  });
  return requests;
}

/** One message of a Connect stream; flag 2 marks the last one. */
function envelope(flag: number, data: Uint8Array): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(5 + data.length);
  bytes[0] = flag;
  new DataView(bytes.buffer).setUint32(1, data.length);
  bytes.set(data, 5);
  return bytes;
}

describe('createBinaryTransport', () => {
  afterEach(() => mock.restoreAll());

  it('createBinaryTransport sends unary calls with the CSRF token and decodes the response', async () => {
    const message = create(ListVmsResponseSchema, { total: 3 });
    const requests = respond(new Uint8Array(toBinary(ListVmsResponseSchema, message)));
    assert.equal((await client.listVms({})).total, 3);
    assert.equal(requests[0]?.url, 'http://host/innkeeper.control.v1.VmService/ListVms');
    assert.equal(requests[0]?.headers.get('x-innkeeper-csrf'), 'token');
  });

  it('createBinaryTransport maps the code of an error response, and unknown codes to Unknown', async () => {
    respond('{"code":"failed_precondition","message":"no"}', 400);
    await assert.rejects(client.listVms({}), { code: Code.FailedPrecondition, rawMessage: 'no' });
    respond('{"code":"of_a_later_version","message":"no"}', 400);
    await assert.rejects(client.listVms({}), { code: Code.Unknown });
    respond('<html>', 502);
    await assert.rejects(client.listVms({}), { rawMessage: 'The daemon responded with HTTP status 502.' });
  });

  it('createBinaryTransport yields the messages of a stream, and throws the error at its end', async () => {
    const vm = toBinary(VmSchema, create(VmSchema, { name: 'one' }));
    const end = new TextEncoder().encode('{"error":{"code":"not_found","message":"deleted"}}');
    respond(new Uint8Array([...envelope(0, vm), ...envelope(2, end)]));
    const stream = client.watchVm({ vm: 'one' })[Symbol.asyncIterator]();
    assert.equal((await stream.next()).value?.name, 'one');
    await assert.rejects(stream.next(), { code: Code.NotFound, rawMessage: 'deleted' });
    respond(envelope(0, vm));
    const cut = client.watchVm({ vm: 'one' })[Symbol.asyncIterator]();
    await cut.next();
    await assert.rejects(cut.next(), { code: Code.Unavailable });
  });
});
