import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type HttpIncoming, HttpRequestReceiver } from './request-receiver.ts';

const bytesOf = (text: string): Uint8Array => Uint8Array.from(text, (letter) => letter.charCodeAt(0));

function received(text: string): HttpIncoming[] {
  return new HttpRequestReceiver().push(bytesOf(text));
}

/** The status of the refusal, or the path of each request. */
function outcome(text: string): (string | number)[] {
  return received(text).map((each) => (each.type === 'refused' ? each.refusal.status : each.request.path));
}

const get = 'GET /metrics?x=1 HTTP/1.1\r\nHost: guest:8080\r\nAccept: text/plain\r\n\r\n';

describe('HttpRequestReceiver', () => {
  it('requests are read whole, split anywhere, and one after the other', () => {
    const post = 'POST /configure-interface HTTP/1.1\r\nhost: g\r\nContent-Length: 5\r\n\r\n{"a"}';
    const text = `\r\n${get}${post}${get}`;
    for (let cut = 0; cut <= text.length; cut++) {
      const receiver = new HttpRequestReceiver();
      const all = [...receiver.push(bytesOf(text.slice(0, cut))), ...receiver.push(bytesOf(text.slice(cut)))];
      const requests = all.map((each) => each.type === 'request' && each.request);
      assert.deepEqual(
        requests.map((each) => each && [each.method, each.path, String.fromCharCode(...each.body), each.keepsOpen]),
        [
          ['GET', '/metrics', '', true],
          ['POST', '/configure-interface', '{"a"}', true],
          ['GET', '/metrics', '', true],
        ],
      );
      const [first] = requests;
      assert.ok(first);
      assert.equal(first.headers.get('accept'), 'text/plain');
    }
  });

  it('a connection is kept unless the request says otherwise, or is of HTTP/1.0', () => {
    const keeps = (text: string): boolean => {
      const [first] = received(text);
      return first?.type === 'request' && first.request.keepsOpen;
    };
    assert.equal(keeps('GET / HTTP/1.1\r\nHost: g\r\nConnection: keep-alive\r\n\r\n'), true);
    assert.equal(keeps('GET / HTTP/1.1\r\nHost: g\r\nConnection: x, Close\r\n\r\n'), false);
    assert.equal(keeps('GET / HTTP/1.0\r\n\r\n'), false);
  });

  it('the whole address of a resource is a target, too', () => {
    assert.deepEqual(outcome('GET http://guest:8080/health HTTP/1.1\r\nHost: g\r\n\r\n'), ['/health']);
  });

  it('what two readers could understand differently is refused, and nothing after it is read', () => {
    const head = 'POST / HTTP/1.1\r\nHost: g\r\n';
    for (const [text, status] of [
      ['GET / HTTP/1.1\r\n\r\n', 400],
      ['GET  / HTTP/1.1\r\nHost: g\r\n\r\n', 400],
      ['get / HTTP/1.1\r\nHost: g\r\n\r\n', 400],
      ['GET / HTTP/1.1\nHost: g\n\n', 400],
      ['GET * HTTP/1.1\r\nHost: g\r\n\r\n', 400],
      ['PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 505],
      [`${head}Host: h\r\n\r\n`, 400],
      [`${head}Content-Length: 1\r\nContent-Length: 2\r\n\r\nab`, 400],
      [`${head}Content-Length: +1\r\n\r\na`, 400],
      [`${head}Content-Length: 16385\r\n\r\n`, 413],
      [`${head}Content-Length: 999999999999999\r\n\r\n`, 413],
      [`${head}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n`, 501],
      [`${head}Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\nabc`, 501],
      [`${head}A : b\r\n\r\n`, 400],
      [`${head}A: b\r\n c\r\n\r\n`, 400],
      [`${head}A: b\0\r\n\r\n`, 400],
      [`${head}A: b\rc\r\n\r\n`, 400],
      [`${head}${'A: b\r\n'.repeat(70)}\r\n`, 431],
      [`${head}A: ${'b'.repeat(9000)}`, 431],
      [`GET /${'x'.repeat(3000)} HTTP/1.1\r\nHost: g\r\n\r\n`, 400],
    ] as const)
      assert.deepEqual(outcome(text + get), [status], JSON.stringify(text.slice(0, 80)));
  });
});
