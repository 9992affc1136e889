import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { appendFile, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { before, describe, it } from 'node:test';
import { FileChangeKind, FileServiceLite, LogServiceLite, TelemetryServiceLite } from '@innkeeper/contract/agent-lite';
import { agentBinary, buildAgent, RunningAgent } from '../testing/running-agent.ts';
import {
  applyUpdate,
  confirmUpdate,
  makeUpdateKey,
  programOfVersion,
  signedManifest,
  writeProgram,
} from '../testing/signed-update.ts';

before(buildAgent, { timeout: 120_000 });

const key = makeUpdateKey();
const version = '0.1.9';
/** Files per new folder: on a fast machine thousands are made. */
const foldersShare = 8;

/** An agent with a program of its own, which trusts `key`, and the folder /watched in its own. */
async function startUpdatable() {
  const agent = await RunningAgent.start({
    prepare: async (folder) => {
      const keys = join(folder, 'update-keys');
      await writeFile(keys, key.line, { mode: 0o644 });
      await mkdir(join(folder, 'watched/old'), { recursive: true });
      await writeProgram(join(folder, 'innkeeper-agent'), await readFile(agentBinary));
      return { program: join(folder, 'innkeeper-agent'), words: ['--update-keys', keys] };
    },
  });
  return { agent, top: join(agent.folder, 'watched'), [Symbol.asyncDispose]: () => agent[Symbol.asyncDispose]() };
}

async function* once<T>(request: T): AsyncGenerator<T> {
  yield request;
}

/** Runs `step` with 0, 1, … until `done`; how often it ran. */
async function repeatUntil(done: Promise<unknown>, step: (index: number) => Promise<void>): Promise<number> {
  let isDone = false;
  const setDone = (): void => {
    isDone = true;
  };
  done.then(setDone, setDone);
  let index = 0;
  for (; !isDone || index < 50; index++) await step(index);
  await done;
  return index;
}

describe('watches over an update of the agent', { timeout: 120_000 }, () => {
  for (const outcome of ['confirmed', 'rolled back'] as const)
    it(`a watch of a tree reports each file made before, during and after an update that is ${outcome}, exactly once`, async () => {
      await using updatable = await startUpdatable();
      const { agent, top } = updatable;
      const link = agent.connect();
      const created: string[] = [];
      let losses = 0;
      const leave = new AbortController();
      const started = Promise.withResolvers<void>();
      const watching = (async () => {
        const request = { path: top, recursive: true };
        for await (const { event } of link.stream(FileServiceLite.watch, once(request), { signal: leave.signal })) {
          if (event.case === 'started') started.resolve();
          if (event.case !== 'changes') continue;
          if (event.value.lost) losses++;
          for (const { kind, path } of event.value.changes) if (kind === FileChangeKind.CREATED) created.push(path);
        }
      })();
      watching.catch(started.reject);
      await started.promise;
      const next = await programOfVersion(version);
      const manifest = { ...signedManifest(key, next, { version }), confirmWithinSeconds: 5 };
      const updating = (async () => {
        await applyUpdate(link, manifest, next);
        if (outcome === 'confirmed') assert.equal(await confirmUpdate(link, manifest), version);
        else await agent.until(async () => agent.log.includes('update.rolled-back'));
      })();
      const count = await repeatUntil(updating, async (index) => {
        // In a folder that is watched from the start, and in new ones in each agent, up to what a watch may have.
        const folder = join(top, index % 2 === 0 ? 'old' : `new-${Math.floor(index / foldersShare)}`);
        await mkdir(folder, { recursive: true });
        await writeFile(join(folder, `file-${index}`), '');
        await link.ping({ timeoutMs: 20_000 }).catch(() => undefined);
      });
      await writeFile(join(top, 'last'), '');
      await Promise.race([agent.until(async () => created.includes(join(top, 'last'))), watching]);
      const expected = (await readdir(top, { recursive: true })).map((name) => join(top, name));
      assert.ok(count >= 50);
      assert.deepEqual(created.toSorted(), expected.filter((path) => path !== join(top, 'old')).toSorted());
      assert.equal(losses, 0);
      leave.abort(new Error('enough'));
      await assert.rejects(watching, /enough/);
      assert.equal(existsSync(join(agent.folder, 'innkeeper-agent.previous')), false);
    });

  it('a followed log has each line that is written before, during and after an update, exactly once', async () => {
    await using updatable = await startUpdatable();
    const { agent, top } = updatable;
    const link = agent.connect();
    const path = join(top, 'log');
    await writeFile(path, '');
    const lines: string[] = [];
    const leave = new AbortController();
    const reading = (async () => {
      const batches = link.stream(LogServiceLite.readFile, once({ path, follow: true }), { signal: leave.signal });
      for await (const { entries, lost, rotated } of batches) {
        assert.deepEqual([lost, rotated], [0n, false]);
        lines.push(...entries.map(({ message }) => message));
      }
    })();
    reading.catch(() => undefined);
    const next = await programOfVersion(version);
    const manifest = signedManifest(key, next, { version });
    const updating = (async () => {
      await applyUpdate(link, manifest, next);
      assert.equal(await confirmUpdate(link, manifest), version);
    })();
    const count = await repeatUntil(updating, async (index) => {
      // In two halves, since a reader may be lost between them.
      await appendFile(path, `line ${index} `);
      await link.ping({ timeoutMs: 20_000 }).catch(() => undefined);
      await appendFile(path, 'is whole\n');
    });
    await agent.until(async () => lines.length >= count);
    assert.deepEqual(
      lines,
      Array.from({ length: count }, (_, index) => `line ${index} is whole`),
    );
    leave.abort(new Error('enough'));
    await assert.rejects(reading, /enough/);
  });

  it('telemetry is reported on after an update, to a watch that was opened before it', async () => {
    await using updatable = await startUpdatable();
    const link = updatable.agent.connect();
    const reports = link.stream(TelemetryServiceLite.watch, once({ intervalMs: 1000 }));
    assert.equal((await reports.next()).done, false);
    const next = await programOfVersion(version);
    const manifest = signedManifest(key, next, { version });
    await applyUpdate(link, manifest, next);
    await confirmUpdate(link, manifest);
    for (let left = 3; left > 0; left--) assert.equal((await reports.next()).done, false);
    await reports.return(undefined);
  });
});
