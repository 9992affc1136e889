import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { until } from '@innkeeper/kit/testing';
import { startQgaModel } from '../../../../packages/agent-client/src/links/qga/fake/qga-model.ts';
import { runInn } from '../../../cli/src/testing/run-inn.ts';
import { serveApi } from './testing/serve-api.ts';

async function served() {
  await using stack = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), 'innkeeper-freeze-'));
  stack.defer(() => rm(folder, { recursive: true, force: true }));
  const guest = { isFrozen: false };
  const set = (isFrozen: boolean) => () => {
    guest.isFrozen = isFrozen;
    return { return: 3 };
  };
  const model = stack.use(
    await startQgaModel(join(folder, 'qga.sock'), {
      answers: {
        'guest-fsfreeze-status': () => ({ return: guest.isFrozen ? 'frozen' : 'thawed' }),
        'guest-fsfreeze-freeze': set(true),
        'guest-fsfreeze-thaw': set(false),
        'guest-exec': () => ({ return: { pid: 1 } }),
        'guest-exec-status': () => ({ return: { exited: true, exitcode: 0 } }),
      },
    }),
  );
  const api = stack.use(await serveApi({}));
  const inn = (...words: string[]) => runInn(api.socketPath, words);
  await inn('adopt', 'theirs', '--agent', `unix:${model.path},dialect=qga`);
  const records = join(api.folder, 'adopted');
  const owned = stack.move();
  return { api, guest, inn, records, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

describe('a guest with qemu-ga that is frozen', () => {
  it('says so with what is known, refuses commands, has a record, and is thawed with the number of file systems', async () => {
    await using one = await served();
    // For longer than the commands below take on a busy machine.
    const frozen = await one.inn('freeze', 'theirs', '--for', '1h');
    assert.match(frozen.stdout, /^3 file systems are frozen\. The node thaws them/, frozen.stderr);
    assert.match(frozen.stderr, /thaws by itself in /);
    assert.equal((await readdir(one.records)).length, 1);
    assert.match((await one.inn('exec', '-n', 'theirs', '--', 'true')).stderr, /FILESYSTEM_FROZEN/);
    assert.match((await one.inn('freeze', 'theirs')).stderr, /FREEZE_HELD/);
    assert.match((await one.inn('thaw', 'theirs')).stdout, /^Thawed after \d+ ms\. 3 file systems were thawed\.\n/);
    assert.deepEqual([one.guest.isFrozen, await readdir(one.records)], [false, []]);
    assert.match((await one.inn('thaw', 'theirs')).stderr, /NOT_FROZEN/);
  });

  it('is thawed by the node when its time is over, and a thaw then fails', async () => {
    await using one = await served();
    await one.inn('freeze', 'theirs', '--for', '1s');
    await until(() => !one.guest.isFrozen);
    assert.match((await one.inn('thaw', 'theirs')).stderr, /FREEZE_ENDED/);
  });

  it('is thawed when the daemon stops, and when it is released', async () => {
    const one = await served();
    await one.inn('freeze', 'theirs', '--for', '1h');
    await one[Symbol.asyncDispose]();
    assert.equal(one.guest.isFrozen, false);
    await using other = await served();
    await other.inn('freeze', 'theirs', '--for', '1h');
    await other.inn('release', 'theirs');
    assert.equal(other.guest.isFrozen, false);
  });
});
