import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { createClient } from '@innkeeper/client';
import { isOperationError } from '@innkeeper/contract/errors';
import { treeNames } from '@innkeeper/tar';
import { TreeTarget } from '../../../apps/cli/src/tar/unpack-tree.ts';
import { runInn } from '../../../apps/cli/src/testing/run-inn.ts';
import { httpCall } from '../../../apps/innkeeper/src/api/testing/http-call.ts';
import { type ServedApi, serveApi } from '../../../apps/innkeeper/src/api/testing/serve-api.ts';
import { type FakeDaemon, startFakeDaemon } from '../../../packages/client/src/testing/fake-daemon.ts';
import { type GuestArchive, guestArchives } from './corpus.ts';
import { startHostileAgent } from './hostile-agent.ts';

/** A user's folder, with files in it and next to it that a guest would like to replace. */
interface Home {
  readonly folder: string;
  /** Everything in the folder except `.bashrc`, sorted. */
  arrived(): Promise<readonly string[]>;
}

let root: string;
let homes = 0;
before(async () => {
  root = await mkdtemp(join(tmpdir(), 'inn-archives-'));
});
after(() => rm(root, { recursive: true, force: true }));

async function newHome(): Promise<Home> {
  const above = join(root, `h${++homes}`);
  const folder = join(above, 'home');
  await mkdir(folder, { recursive: true });
  await mkdir(join(above, 'outside'));
  await writeFile(join(above, 'outside', 'mine'), 'mine');
  await writeFile(join(folder, '.bashrc'), 'mine');
  return {
    folder,
    arrived: async () => {
      assert.deepEqual((await readdir(above)).sort(), ['home', 'outside']);
      assert.deepEqual(await readdir(join(above, 'outside')), ['mine']);
      assert.equal(await readFile(join(above, 'outside', 'mine'), 'utf8'), 'mine');
      assert.equal(await readFile(join(folder, '.bashrc'), 'utf8'), 'mine');
      return (await readdir(folder, { recursive: true })).filter((name) => name !== '.bashrc').sort();
    },
  };
}

async function check(home: Home, { verdict, path = '/srv/x' }: GuestArchive, isRefused: boolean): Promise<void> {
  const arrived = await home.arrived();
  const { as } = treeNames(path);
  assert.deepEqual(
    arrived.filter((name) => name !== as && !name.startsWith(`${as}/`)),
    [],
  );
  assert.ok(!arrived.some((name) => name.endsWith('.part')), 'a partial file remains');
  if (verdict === 'refused') assert.ok(isRefused, `taken: ${arrived.join(' ')}`);
  else assert.deepEqual([isRefused, arrived], [false, verdict]);
}

/** Unpacks with tar(1), like a user who trusts the daemon; its error for an archive without an end is ignored. */
function unpackWithTar(archive: Uint8Array, folder: string, isWhole: boolean): void {
  const { status, stderr } = spawnSync('tar', ['-C', folder, '-xf', '-'], { input: archive });
  if (isWhole) assert.equal(status, 0, stderr.toString());
}

async function collect(body: AsyncIterable<Uint8Array>): Promise<{ bytes: Buffer; error: unknown }> {
  const pieces: Uint8Array[] = [];
  try {
    for await (const piece of body) pieces.push(piece);
    return { bytes: Buffer.concat(pieces), error: undefined };
  } catch (error) {
    return { bytes: Buffer.concat(pieces), error };
  }
}

describe('a guest’s archive, unpacked by inn', () => {
  for (const each of guestArchives)
    it(`${each.verdict === 'refused' ? 'refuses' : 'accepts'} from a guest: ${each.title}`, async () => {
      const home = await newHome();
      const names = treeNames(each.path ?? '/srv/x');
      const skipped: string[] = [];
      const tree = new TreeTarget({
        folder: home.folder,
        sent: names.sent,
        name: names.as,
        keepOwners: false,
        onSkip: (what) => skipped.push(what),
      });
      let isRefused = false;
      try {
        for (let at = 0; at < each.bytes.length; at += 700) tree.push(each.bytes.subarray(at, at + 700));
        tree.end();
      } catch (error) {
        isRefused = true;
        assert.match(String(error), /^(UnsafeTarError|MalformedTarError)/);
      } finally {
        tree.close();
      }
      if (!isRefused) assert.deepEqual(skipped, []);
      await check(home, each, isRefused);
    });
});

describe('a guest’s archive, read by the SDK from a daemon that does not check', () => {
  let daemon: FakeDaemon;
  let now: Uint8Array;
  before(async () => {
    daemon = await startFakeDaemon({ files: (_, response) => void response.end(now) });
  });
  after(() => daemon[Symbol.asyncDispose]());
  for (const each of guestArchives)
    it(`${each.verdict === 'refused' ? 'refuses' : 'accepts'} from a guest: ${each.title}`, async () => {
      now = each.bytes;
      const home = await newHome();
      const { files } = createClient(daemon);
      const { bytes, error } = await collect(
        (await files.readTar('one', each.path ?? '/srv/x', { sparse: each.withExtras, attributes: each.withExtras }))
          .body,
      );
      unpackWithTar(bytes, home.folder, error === undefined);
      if (error !== undefined) assert.equal(isOperationError(error) && error.reason, 'ARCHIVE_REFUSED', String(error));
      await check(home, each, error !== undefined);
    });
});

describe('a guest’s archive, through the daemon from an agent that was replaced', () => {
  let api: ServedApi;
  let now: Uint8Array = new Uint8Array(0);
  before(async () => {
    api = await serveApi({ startAgent: startHostileAgent(() => now) });
    await api.createVm('one');
  });
  after(() => api[Symbol.asyncDispose]());

  for (const each of guestArchives)
    it(`${each.verdict === 'refused' ? 'refuses' : 'accepts'} from a guest: ${each.title}`, async () => {
      now = each.bytes;
      const home = await newHome();
      const extras = each.withExtras === true ? { sparse: '1', attributes: '1' } : undefined;
      const query = new URLSearchParams({ path: each.path ?? '/srv/x', ...extras });
      const { status, headers, trailers, body } = await httpCall(api.socketPath, 'GET', `/v1/vms/one/tar?${query}`);
      const reason =
        status === 200
          ? (JSON.parse(trailers['x-innkeeper-error'] ?? '{}') as { reason?: string }).reason
          : headers['x-innkeeper-reason'];
      if (status === 200) unpackWithTar(body, home.folder, reason === undefined);
      if (reason !== undefined) assert.equal(reason, 'ARCHIVE_REFUSED');
      await check(home, each, reason !== undefined);
    });

  it('a sparse file that was not requested is refused', async () => {
    const each = guestArchives.find(({ title }) => title === 'a sparse file of GNU tar');
    assert.ok(each !== undefined);
    now = each.bytes;
    const { trailers, headers } = await httpCall(api.socketPath, 'GET', '/v1/vms/one/tar?path=/srv/x');
    assert.match(`${trailers['x-innkeeper-error']}${headers['x-innkeeper-reason']}`, /ARCHIVE_REFUSED/);
  });

  it('a refused archive of a guest is in the audit with its reason', async () => {
    const rows = await api.store.audit.list({ action: 'guest.tar.read', limit: 100 });
    assert.ok(rows.some(({ result }) => result !== 'ok'));
  });

  const endToEnd = [
    'a folder',
    'a file next to the folder, after it',
    'a file through a link',
    'an archive without its end',
  ];
  for (const title of endToEnd)
    it(`inn cp -r handles a guest’s archive: ${title}`, async () => {
      const each = guestArchives.find((some) => some.title === title);
      assert.ok(each !== undefined);
      now = each.bytes;
      const home = await newHome();
      const { exitCode, stderr } = await runInn(api.socketPath, ['cp', '-r', 'one:/srv/x', home.folder]);
      if (each.verdict === 'refused') {
        assert.match(stderr, /ARCHIVE_REFUSED/);
        assert.match(stderr, /What was received before is kept: .* in .*\/home\/x\./);
      } else assert.equal(stderr, '');
      assert.equal(exitCode, each.verdict === 'refused' ? 1 : 0);
      await check(home, each, exitCode !== 0);
    });

  it('inn cp -r names the tree after a target that does not exist, whatever the guest calls it', async () => {
    now = guestArchives[0]?.bytes ?? now;
    const home = await newHome();
    const { exitCode } = await runInn(api.socketPath, ['cp', '-r', 'one:/srv/x', join(home.folder, 'mine')]);
    assert.equal(exitCode, 0);
    assert.deepEqual(await home.arrived(), ['mine', 'mine/a', 'mine/d', 'mine/d/b']);
  });

  it('inn cp -r does not follow a link inside the target, but follows the target itself', async () => {
    now = guestArchives[0]?.bytes ?? now;
    const home = await newHome();
    await symlink('../outside', join(home.folder, 'x'));
    const refused = await runInn(api.socketPath, ['cp', '-r', 'one:/srv/x', home.folder]);
    assert.equal(refused.exitCode, 5, refused.stderr);
    await mkdir(join(home.folder, 'there'));
    await symlink('there', join(home.folder, 'link'));
    assert.equal((await runInn(api.socketPath, ['cp', '-r', 'one:/srv/x', join(home.folder, 'link')])).exitCode, 0);
    assert.ok((await home.arrived()).includes('there/x/d/b'));
  });
});
