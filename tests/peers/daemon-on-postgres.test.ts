import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { silentLog } from '@innkeeper/kit';
import { parseCommandLine } from '../../apps/innkeeper/src/main/command-line.ts';
import { startDaemon } from '../../apps/innkeeper/src/main/daemon.ts';
import { startPostgres } from './postgres-server.ts';

describe('a daemon on PostgreSQL', () => {
  it('a daemon on PostgreSQL serves, and finds its data after a restart', async () => {
    await using server = await startPostgres();
    const data = await mkdtemp(join(tmpdir(), 'innkeeper-pg-'));
    const settings = parseCommandLine(['serve', '--data', data, '--listen', '127.0.0.1:0'], {
      DATABASE_URL: await server.createDatabase(),
    });
    assert.ok(settings);
    try {
      const paths: (string | undefined)[] = [];
      for (let start = 0; start < 2; start++) {
        await using daemon = await startDaemon(settings, silentLog);
        paths.push(daemon.loginPath);
        const store = daemon.node.context.store;
        if (start === 0) await store.events.insert({ time_ms: 5, vm_id: 'a', kind: 'test', message: '' });
        else assert.equal((await store.events.list('a', 1))[0]?.time_ms, 5);
      }
      assert.notEqual(paths[0], undefined);
    } finally {
      await rm(data, { recursive: true, force: true });
    }
  });
});
