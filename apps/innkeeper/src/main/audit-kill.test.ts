import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { it } from 'node:test';
import { createClient } from '@innkeeper/client';
import { openStore } from '@innkeeper/store';

const program = join(import.meta.dirname, '../main.ts');
const rounds = 8;
const callers = 8;

/** `innkeeper serve` without a port, once it serves. */
async function start(data: string) {
  const argv = [program, 'serve', '--data', data, '--listen', 'none'];
  const child = spawn(process.execPath, argv, { stdio: ['ignore', 'ignore', 'pipe'] });
  const end = once(child, 'close');
  let said = '';
  child.stderr.on('data', (bytes: Buffer) => (said += bytes.toString()));
  while (!said.includes('serves on')) {
    await Promise.race([once(child.stderr, 'data'), end.then(() => assert.fail(said))]);
  }
  return {
    killHard: async () => {
      child.kill('SIGKILL');
      await end;
    },
    stop: async () => {
      child.kill('SIGTERM');
      assert.equal((await end)[0], 0, said);
    },
  };
}

it('a daemon that is killed in the middle of its work has an audit entry for everything that happened', {
  timeout: 120_000,
}, async () => {
  const data = await mkdtemp(join(tmpdir(), 'innkeeper-kill-'));
  const client = createClient({ socketPath: join(data, 'innkeeper.sock') });
  const confirmed = new Set<string>();
  try {
    for (let round = 0; round < rounds; round++) {
      const daemon = await start(data);
      // Each round is killed after another number of answers, in the middle of the calls that are on their way.
      const enough = Promise.withResolvers<void>();
      let answers = 0;
      let isOver = false;
      const work = async (caller: number): Promise<void> => {
        for (let count = 0; !isOver; count++) {
          const name = `r${round}-${caller}-${count}`;
          try {
            await client.access.setRole({ name, description: '', privileges: ['vm.view'] });
            confirmed.add(name);
            answers += 1;
            if (answers >= 20 + 7 * round) enough.resolve();
          } catch (error) {
            // The daemon was killed; before that nothing may fail.
            if (!isOver) enough.reject(error);
            return;
          }
        }
      };
      const working = Array.from({ length: callers }, (_, caller) => work(caller));
      await enough.promise;
      isOver = true;
      await daemon.killHard();
      await Promise.all(working);
    }
    await (await start(data)).stop();
    await using store = await openStore(join(data, 'innkeeper.db'));
    const entries = await store.audit.list({ action: 'AccessService/SetRole', limit: 10_000 });
    const results = Map.groupBy(entries, (entry) => String((JSON.parse(entry.parameters) as { name: string }).name));
    const happened = (await store.roles.list()).map(({ name }) => name);
    assert.ok(happened.length >= rounds * 20);
    for (const name of happened) assert.equal(results.get(name)?.length, 1, `the audit has ${name} once`);
    for (const name of confirmed) assert.equal(results.get(name)?.[0]?.result, 'ok', `${name} was confirmed`);
    const others = entries.filter(({ result }) => result !== 'ok');
    assert.ok(others.every(({ result }) => result === 'INTERRUPTED'));
    assert.equal((await store.audit.verify()).brokenAtId, undefined);
    assert.equal(await store.audit.closeIntents({ writer: 'node' }, 'INTERRUPTED'), 0, 'nothing is left open');
  } finally {
    await rm(data, { recursive: true, force: true });
  }
});
