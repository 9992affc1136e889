import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect, createServer } from 'node:http2';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { it } from 'node:test';
import { http2Options } from './node-agent.ts';

it('a control plane’s call to its node is answered while large requests of others wait on the same connection', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'node-agent-'));
  const path = join(folder, 'node.sock');
  // Answers at once, and never reads a body.
  const server = createServer((_request, response) => response.end('answer')).listen(path);
  await once(server, 'listening');
  const session = connect('http://node', http2Options({ kind: 'unix', path }, undefined));
  try {
    for (let count = 0; count < 4; count++)
      session
        .request({ ':method': 'POST', ':path': '/large' })
        .on('error', () => undefined)
        .write(Buffer.alloc(4 << 20));
    for (let count = 0; count < 4; count++) {
      const stream = session.request({ ':path': '/small' });
      const [headers] = (await once(stream, 'response')) as [Record<string, unknown>];
      assert.equal(headers[':status'], 200);
      assert.equal((await stream.setEncoding('utf8').toArray()).join(''), 'answer');
    }
  } finally {
    session.destroy();
    server.close();
    await rm(folder, { recursive: true });
  }
});
