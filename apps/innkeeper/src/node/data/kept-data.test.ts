import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { DatabaseSync } from 'node:sqlite';
import { describe, it } from 'node:test';
import { type Log, silentLog } from '@innkeeper/kit';
import { openStore } from '@innkeeper/store';
import { claimData } from '../../main/claim-data.ts';
import { done, reasonOf, succeed, timeout, wanted, withImage } from '../fake/operate.ts';
import { startTestNode, testHost, testNodeId } from '../fake/test-node.ts';
import { createVm } from '../vm/create-vm.ts';
import { deleteVm } from '../vm/vm-operations.ts';
import { adoptData } from './adopt-data.ts';
import { removeUnfinished } from './remove-unfinished.ts';
import { isMissing, markUnfinished } from './unfinished.ts';

describe('a node whose database does not belong to its data folder', () => {
  it('with an empty database, a node removes no images and disks, and logs each unknown one', async () => {
    await using at = await testHost();
    const before = await withImage(at.folder, at.host);
    await succeed(before, createVm(before.node, { ...wanted, start: false }));
    const { row } = before.node.get('one');
    const image = await before.node.images.get('tiny');
    await before.stop();
    await rename(at.folder.database, `${at.folder.database}.aside`);
    const after = await startTestNode(at.folder, at.host);
    const named: unknown[] = [];
    const warn: Log['warn'] = (event, fields) => void named.push([event, fields?.['path']]);
    await removeUnfinished({ ...after.node.context, log: { ...silentLog, warn } });
    assert.deepEqual(named, [
      ['data.unknown-image', at.folder.imageFolder('tiny')],
      ['data.unknown-vm', at.folder.vmFolder(row.id)],
    ]);
    for (const path of [image.path, row.base_path, `vms/${row.id}/disk.qcow2`].map(
      (name) => `${at.folder.path}/${name}`,
    ))
      assert.ok(existsSync(path), path);
    await assert.rejects(after.node.images.build('tiny', '', false), { reason: 'IMAGE_NAME_TAKEN' });
    await after.stop();
  });

  it('an image that may be the base of a VM without a row is neither removed nor rebuilt', async () => {
    await using at = await testHost();
    const before = await withImage(at.folder, at.host);
    await succeed(before, createVm(before.node, { ...wanted, start: false }));
    const { row } = before.node.get('one');
    await before.node.context.store.vms.remove(row.id);
    await before.stop();
    const after = await startTestNode(at.folder, at.host, { agentBuild: 'bbbb' });
    await assert.rejects(after.node.images.remove('tiny'), { reason: 'IMAGE_IN_USE', message: /does not know/ });
    await assert.rejects(after.node.images.build('tiny', '', true), { reason: 'IMAGE_IN_USE' });
    await succeed(after, createVm(after.node, { ...wanted, name: 'two', start: false }));
    assert.ok(existsSync(`${at.folder.path}/${row.base_path}`), 'the base with an older agent is still needed');
    await after.stop();
  });

  it('a VM that an older database has as being created or deleted is kept if its folder has no mark', async () => {
    await using at = await testHost();
    for (const state of ['creating', 'deleting']) {
      const before =
        state === 'creating' ? await withImage(at.folder, at.host) : await startTestNode(at.folder, at.host);
      if (state === 'creating') await succeed(before, createVm(before.node, { ...wanted, start: false }));
      const { id } = before.node.get('one').row;
      await before.node.context.store.vms.update(id, { state });
      await before.stop();
      const after = await startTestNode(at.folder, at.host);
      assert.equal(after.node.get('one').life.state, 'stopped');
      assert.match(after.node.get('one').life.detail, /its disk is complete/);
      assert.ok(existsSync(`${at.folder.vmFolder(id)}/disk.qcow2`));
      await after.stop();
    }
  });

  it('a running VM is found by its manifest when the database is older than its process, and is not killed', async () => {
    await using at = await testHost();
    const before = await withImage(at.folder, at.host);
    await succeed(before, createVm(before.node, wanted));
    const { id } = before.node.get('one').row;
    await before.stop();
    const store = await openStore(at.folder.database);
    await store.vms.update(id, { state: 'stopped', record: null });
    await store[Symbol.asyncDispose]();
    const after = await startTestNode(at.folder, at.host);
    assert.equal(after.node.get('one').life.state, 'running');
    assert.ok(at.host.machine(id));
    assert.notEqual(after.node.get('one').row.record, null);
    await after.stop();
  });

  it('a node’s cleanup leaves symbolic links and foreign files alone', async () => {
    await using at = await testHost();
    const before = await withImage(at.folder, at.host);
    await before.stop();
    const elsewhere = `${at.folder.path}/elsewhere`;
    await mkdir(`${elsewhere}/made-x`, { recursive: true });
    await markUnfinished(`${elsewhere}/made-x`);
    await symlink(elsewhere, at.folder.imageFolder('linked'));
    const kept = [`${at.folder.path}/images/lost+found`, `${at.folder.imageFolder('tiny')}/.snapshot`];
    for (const path of kept) await mkdir(path);
    await writeFile(`${at.folder.path}/images/notes.txt`, 'mine');
    const after = await startTestNode(at.folder, at.host);
    for (const path of [
      ...kept,
      `${elsewhere}/made-x`,
      `${at.folder.path}/images/notes.txt`,
      at.folder.imageFolder('linked'),
    ])
      assert.ok(existsSync(path), path);
    await after.stop();
  });
});

describe('--adopt-data', () => {
  it('--adopt-data recreates rows of images and VMs from their folders, and reports those without a manifest', async () => {
    await using at = await testHost();
    const before = await withImage(at.folder, at.host);
    await succeed(before, createVm(before.node, { ...wanted, tags: { team: 'a' } }));
    await succeed(before, createVm(before.node, { ...wanted, name: 'bare', start: false }));
    const [one, bare] = [before.node.get('one').row, before.node.get('bare').row];
    const image = await before.node.images.get('tiny');
    await before.stop();
    await rm(`${at.folder.vmFolder(bare.id)}/vm.json`);
    await rename(at.folder.database, `${at.folder.database}.aside`);
    {
      await using store = await openStore(at.folder.database);
      await assert.rejects(claimData(at.folder, store, false), {
        reason: 'DATA_FOLDER_MISMATCH',
        message: /no images and no VMs.* 1 image and 2 VMs/,
      });
      await claimData(at.folder, store, true);
      const adopted = await adoptData({ folder: at.folder, store, nodeId: testNodeId, log: silentLog });
      assert.deepEqual([adopted.images, adopted.vms], [['tiny'], ['one']]);
      assert.deepEqual(adopted.leftAlone, [
        { path: at.folder.vmFolder(bare.id), why: 'vm.json is missing or unreadable' },
      ]);
      assert.deepEqual({ ...(await store.images.find('tiny')) }, { ...image });
    }
    const after = await startTestNode(at.folder, at.host);
    const found = after.node.get('one');
    assert.deepEqual(
      [found.row.id, found.row.mac_address, found.row.tags, found.row.base_path, found.life.state],
      [one.id, one.mac_address, '{"team":"a"}', one.base_path, 'running'],
    );
    assert.ok(existsSync(`${at.folder.vmFolder(bare.id)}/disk.qcow2`));
    await succeed(after, deleteVm(after.node, 'one', true));
    assert.ok(!existsSync(at.folder.vmFolder(one.id)));
    await after.stop();
  });

  it('--adopt-data recovers images and VMs after the unsupported database of an early build was moved aside', async () => {
    await using at = await testHost();
    const before = await withImage(at.folder, at.host);
    await succeed(before, createVm(before.node, wanted));
    const { id } = before.node.get('one').row;
    await before.stop();
    const database = new DatabaseSync(at.folder.database);
    database.exec("delete from kysely_migration; insert into kysely_migration values ('0001-first', '2026')");
    database.close();
    await assert.rejects(openStore(at.folder.database), {
      reason: 'DATABASE_VERSION_UNKNOWN',
      message: /early build/,
      nextStep: /move the database aside.*--adopt-data/,
    });
    for (const suffix of ['', '-wal', '-shm'])
      await rename(`${at.folder.database}${suffix}`, `${at.folder.database}${suffix}.aside`).catch(ignoreMissing);
    {
      await using store = await openStore(at.folder.database);
      const nodeId = await claimData(at.folder, store, true);
      await adoptData({ folder: at.folder, store, nodeId, log: silentLog });
      assert.deepEqual(
        [...(await store.vms.list()), ...(await store.images.list())].map(({ node_id }) => node_id),
        [nodeId, nodeId],
      );
    }
    const after = await startTestNode(at.folder, at.host);
    assert.deepEqual([after.node.get('one').row.id, after.node.get('one').life.state], [id, 'running']);
    await after.stop();
  });

  it('--adopt-data ignores a manifest that names files outside of its folder or belongs to another image', async () => {
    await using at = await testHost();
    const before = await withImage(at.folder, at.host);
    const row = await before.node.images.get('tiny');
    await before.stop();
    await rename(at.folder.database, `${at.folder.database}.aside`);
    const path = `${at.folder.imageFolder('tiny')}/image.json`;
    for (const change of [
      { path: '../../etc/passwd' },
      { path: '/etc/passwd' },
      { name: 'other' },
      { format: 'vmdk' },
    ]) {
      await writeFile(path, JSON.stringify({ ...row, ...change }));
      await using store = await openStore(':memory:');
      const adopted = await adoptData({ folder: at.folder, store, nodeId: testNodeId, log: silentLog });
      assert.equal(adopted.leftAlone.length, 1, JSON.stringify(change));
    }
    await writeFile(path, 'not JSON');
    await using store = await openStore(':memory:');
    assert.equal(
      (await adoptData({ folder: at.folder, store, nodeId: testNodeId, log: silentLog })).leftAlone.length,
      1,
    );
  });
});

describe('a crash while an image or a VM is created, replaced or removed', () => {
  it('after a crash during the replacement of an image, only the version in the row remains', async () => {
    await using at = await testHost();
    const before = await withImage(at.folder, at.host);
    const old = await before.node.images.get('tiny');
    await before.stop();
    // The row still refers to the old one, which is marked for removal; the new one was created.
    const oldFolder = `${at.folder.path}/${old.path}`.replace(/\/[^/]*$/, '');
    const fresh = `${at.folder.imageFolder('tiny')}/made-fresh`;
    await mkdir(fresh);
    await writeFile(`${fresh}/original.raw`, 'image');
    for (const path of [oldFolder, fresh]) await markUnfinished(path);
    await (await startTestNode(at.folder, at.host)).stop();
    assert.ok(existsSync(`${oldFolder}/original.raw`));
    assert.ok(!existsSync(`${oldFolder}/.unfinished`));
    assert.ok(!existsSync(fresh));
  });

  it('after a crash during the removal of an image, its files are gone if its row was deleted, and complete otherwise', async () => {
    await using at = await testHost();
    const before = await withImage(at.folder, at.host);
    const { path } = await before.node.images.get('tiny');
    await before.stop();
    await markUnfinished(at.folder.imageFolder('tiny'));
    const between = await startTestNode(at.folder, at.host);
    assert.ok(existsSync(`${at.folder.path}/${path}`));
    await between.node.context.store.images.remove('tiny');
    await between.stop();
    await markUnfinished(at.folder.imageFolder('tiny'));
    await (await startTestNode(at.folder, at.host)).stop();
    assert.ok(!existsSync(at.folder.imageFolder('tiny')));
  });

  it('after a crash, a VM whose folder was created but not yet marked is undone', async () => {
    await using at = await testHost();
    const before = await withImage(at.folder, at.host);
    await succeed(before, createVm(before.node, { ...wanted, start: false }));
    const { id } = before.node.get('one').row;
    await before.node.context.store.vms.update(id, { state: 'creating' });
    await before.stop();
    await rm(at.folder.vmFolder(id), { recursive: true });
    await mkdir(at.folder.vmFolder(id));
    const after = await startTestNode(at.folder, at.host);
    await after.node.find('one')?.until(() => after.node.find('one') === undefined, timeout);
    assert.ok(!existsSync(at.folder.vmFolder(id)));
    await after.stop();
  });

  it('a start writes missing manifests of images and VMs', async () => {
    await using at = await testHost();
    const before = await withImage(at.folder, at.host);
    await succeed(before, createVm(before.node, { ...wanted, start: false }));
    const { id } = before.node.get('one').row;
    await before.stop();
    const manifests = [`${at.folder.imageFolder('tiny')}/image.json`, `${at.folder.vmFolder(id)}/vm.json`];
    for (const path of manifests) await rm(path);
    await (await startTestNode(at.folder, at.host)).stop();
    for (const path of manifests) assert.match(await readFile(path, 'utf8'), /"name": "(tiny|one)"/);
  });

  it('building an image fails if its folder cannot be marked, and leaves nothing behind', async () => {
    await using at = await testHost();
    const test = await startTestNode(at.folder, at.host, {
      images: { buildImage: () => Promise.reject(Object.assign(new Error('full'), { code: 'ENOSPC' })) },
    });
    const row = await done(test, test.node.images.build('tiny', '', false));
    assert.equal(reasonOf(row), 'HOST_DISK_FULL');
    assert.ok(!existsSync(at.folder.imageFolder('tiny')));
    await test.stop();
  });
});

describe('what a node owns', () => {
  it('VMs, images, operations and events have the id of their node’s data folder, also those from before it had one', async () => {
    await using at = await testHost();
    const test = await withImage(at.folder, at.host);
    await succeed(test, createVm(test.node, wanted));
    const { store } = test.node.context;
    await test.node.close();
    const owners = async (): Promise<Set<string>> => {
      const lists = [store.vms.list(), store.images.list(), store.operations.list(9), store.events.list(undefined, 9)];
      const rows = await Promise.all(lists);
      assert.ok(rows.every(({ length }) => length > 0));
      return new Set(rows.flat().map(({ node_id }) => node_id));
    };
    assert.deepEqual(await owners(), new Set([testNodeId]));
    const { id } = (await store.vms.list())[0] ?? assert.fail();
    await store.vms.update(id, { node_id: '' });
    const nodeId = await claimData(at.folder, store, false);
    assert.equal((await readFile(`${at.folder.path}/folder-id`, 'utf8')).trim(), nodeId);
    assert.equal((await store.vms.list())[0]?.node_id, nodeId);
    await store.vms.update(id, { node_id: '' });
    assert.equal(await claimData(at.folder, store, false), nodeId);
    assert.equal((await store.vms.list())[0]?.node_id, nodeId);
    await test.stop();
  });
});

describe('a data folder and its database', () => {
  it('a data folder and a database with different ids are refused', async () => {
    await using at = await testHost();
    await using other = await testHost();
    const one = await withImage(at.folder, at.host);
    const two = await withImage(other.folder, other.host);
    const [store, foreign] = [one.node.context.store, two.node.context.store];
    await claimData(at.folder, store, false);
    await claimData(at.folder, store, false);
    await claimData(other.folder, foreign, false);
    for (const mayAdopt of [false, true])
      await assert.rejects(claimData(at.folder, foreign, mayAdopt), {
        reason: 'DATA_FOLDER_MISMATCH',
        message: /belongs to another data folder.*Nothing was changed/,
      });
    await rm(`${at.folder.path}/folder-id`);
    await assert.rejects(claimData(at.folder, store, false), { reason: 'DATA_FOLDER_MISMATCH' });
    await claimData(at.folder, store, true);
    await claimData(at.folder, store, false);
    for (const test of [one, two]) await test.stop();
  });
});

function ignoreMissing(error: unknown): void {
  // SQLite removes its log when the database is closed.
  if (!isMissing(error)) throw error;
}
