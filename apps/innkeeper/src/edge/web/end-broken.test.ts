import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, constants, createServer } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { describe, it } from 'node:test';
import { endBroken } from './end-broken.ts';

describe('an answer over HTTP/2 that broke after its head', () => {
  it('resets the stream, or ends with the reason for a client that reads trailers', async () => {
    const server = createServer((request, response) => {
      response.writeHead(200);
      response.write('some');
      endBroken(request, response, '{"reason":"FILE_CHANGED"}');
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const session = connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    try {
      const plain = session.request({ ':path': '/' });
      await assert.rejects(plain.toArray(), { code: 'ERR_HTTP2_STREAM_ERROR' });
      assert.equal(plain.rstCode, constants.NGHTTP2_INTERNAL_ERROR);
      const ours = session.request({ ':path': '/', te: 'trailers' });
      const trailers = once(ours, 'trailers');
      await ours.toArray();
      const [got] = (await trailers) as [Record<string, string>];
      assert.equal(got['x-innkeeper-error'], '{"reason":"FILE_CHANGED"}');
    } finally {
      session.destroy();
      server.close();
    }
  });
});
