import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { createClient } from '@connectrpc/connect';
import { VmService } from '@innkeeper/contract/control';
import { silentLog } from '@innkeeper/kit';
import { nodeHealth } from './node-health.ts';
import { NodeLink } from './node-link.ts';
import { watchNode } from './node-watch.ts';

describe('a node whose host disappeared without closing connections', () => {
  it('is given up, with every call, request and socket to it', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'innkeeper-watch-'));
    const path = join(folder, 'control.sock');
    const connections = new Set<Socket>();
    // It takes connections and says nothing.
    const server = createServer((socket) => connections.add(socket)).listen(path);
    await once(server, 'listening');
    try {
      using link = new NodeLink({ address: { kind: 'unix', path }, log: silentLog });
      const call = createClient(VmService, link.transport).listVms({});
      const request = link.request('GET', '/metrics', {}).end();
      const socket = link.openSocket('/v1/live', {});
      const ended = [once(request, 'error'), once(socket, 'error'), assert.rejects(call)];
      using _watch = watchNode(link, { intervalMs: 10, timeoutMs: 50 });
      await Promise.all(ended);
      assert.equal(await nodeHealth(link, 50), 'unreachable');
    } finally {
      for (const connection of connections) connection.destroy();
      server.close();
      rmSync(folder, { recursive: true });
    }
  });
});
