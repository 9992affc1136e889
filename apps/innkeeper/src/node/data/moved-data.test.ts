import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { VmSpec } from '@innkeeper/hypervisor';
import * as realImages from '@innkeeper/images';
import { type Log, silentLog } from '@innkeeper/kit';
import { openStore } from '@innkeeper/store';
import { parseCommandLine } from '../../main/command-line.ts';
import { startDaemon } from '../../main/daemon.ts';
import { done, reasonOf, succeed, wanted, withImage } from '../fake/operate.ts';
import { startTestNode, type TestNode, testHost } from '../fake/test-node.ts';
import type { ImageTools } from '../images/image-tools.ts';
import { createVm } from '../vm/create-vm.ts';
import { startVm } from '../vm/vm-operations.ts';
import { diskPath } from '../vm/vm-spec.ts';
import { adoptData } from './adopt-data.ts';
import { type DataFolder, makeDataFolder } from './data-folder.ts';
import { checkFilesOfVms } from './vms-without-files.ts';

/** Real overlays over real bases, and a kernel in the cache. */
const { createOverlay, rebaseOverlay } = realImages;
const images: Partial<ImageTools> = {
  createOverlay,
  rebaseOverlay,
  buildImage: async (_kind, { directory, cacheDirectory }) => {
    const [originalPath, path] = [join(directory, 'original.raw'), join(cacheDirectory, 'vmlinuz')];
    for (const file of [originalPath, path]) await writeFile(file, 'bytes');
    return { originalPath, format: 'raw', kernel: { path, initrdPath: path, commandLine: 'quiet' } };
  },
};

async function twoVms(...[folder, host]: Parameters<typeof startTestNode>): Promise<TestNode> {
  const test = await withImage(folder, host, { images });
  await succeed(test, createVm(test.node, { ...wanted, name: 'runs' }));
  await succeed(test, createVm(test.node, { ...wanted, name: 'stopped', start: false }));
  return test;
}

/** What QEMU finds when it opens the disk. */
function chainOf(disk: string): (string | undefined)[] {
  const text = execFileSync('qemu-img', ['info', '--backing-chain', '--output=json', disk], { encoding: 'utf8' });
  return (JSON.parse(text) as { filename?: string }[]).map(({ filename }) => filename);
}

async function elsewhere(): Promise<AsyncDisposable & { readonly path: string }> {
  const parent = await mkdtemp(join(tmpdir(), 'innkeeper-moved-'));
  return { path: join(parent, 'data'), [Symbol.asyncDispose]: () => rm(parent, { recursive: true, force: true }) };
}

async function startAt(folder: DataFolder, host: Parameters<typeof startTestNode>[1], specs: VmSpec[]) {
  const failLaunch = (spec: VmSpec): undefined => void specs.push(spec);
  return await startTestNode(folder, host, { images, driver: { failLaunch } });
}

describe('a data folder that was moved', () => {
  it('has its running VM found and left alone, and its stopped one started from where its files are now', async () => {
    await using at = await testHost();
    await using place = await elsewhere();
    const before = await twoVms(at.folder, at.host);
    const { process } = before.node.get('runs');
    await before.stop();
    await rename(at.folder.path, place.path);
    const folder = await makeDataFolder(place.path);
    const specs: VmSpec[] = [];
    const after = await startAt(folder, at.host, specs);
    assert.equal(after.node.get('runs').life.state, 'running');
    assert.deepEqual(after.node.get('runs').process, process);
    await succeed(after, startVm(after.node, 'stopped'));
    const kernel = `${place.path}/cache/vmlinuz`;
    assert.deepEqual(specs[0]?.kernel, { path: kernel, initrdPath: kernel, commandLine: 'quiet' });
    const { id } = after.node.get('stopped').row;
    assert.equal(chainOf(diskPath(folder, id)).length, 2);
    // A rebuilt base would be a different file.
    await succeed(after, createVm(after.node, { ...wanted, name: 'new', start: false }));
    assert.equal(after.node.get('new').row.base_path, after.node.get('stopped').row.base_path);
    assert.ok(!existsSync(at.folder.path));
    await after.stop();
  });

  it('of an earlier version, with absolute paths in its database, manifests and disks, has its VMs started', async () => {
    for (const how of ['database', 'manifests']) {
      await using at = await testHost();
      await using place = await elsewhere();
      const before = await twoVms(at.folder, at.host);
      const { row } = before.node.get('stopped');
      const { store } = before.node.context;
      const image = await before.node.images.get('tiny');
      const base = `${at.folder.path}/${row.base_path}`;
      const absolute = (text: string | null): string =>
        (text ?? '')
          .replaceAll('"cache/', `"${at.folder.path}/cache/`)
          .replaceAll('"images/', `"${at.folder.path}/images/`);
      await store.vms.update(row.id, { base_path: base });
      await store.images.update('tiny', { kernel: absolute(image.kernel), base: absolute(image.base) });
      execFileSync('qemu-img', ['rebase', '-u', '-F', 'raw', '-b', base, diskPath(at.folder, row.id)]);
      await before.stop();
      // The next daemon of the earlier version wrote its manifests.
      await (await startTestNode(at.folder, at.host, { images })).stop();
      await rename(at.folder.path, place.path);
      const folder = await makeDataFolder(place.path);
      if (how === 'manifests') {
        for (const suffix of ['', '-wal', '-shm']) await rm(`${folder.database}${suffix}`, { force: true });
        await using store = await openStore(folder.database);
        const { leftAlone } = await adoptData({ folder, store, nodeId: 'n', log: silentLog });
        assert.deepEqual(leftAlone, []);
      }
      const specs: VmSpec[] = [];
      const after = await startAt(folder, at.host, specs);
      await succeed(after, startVm(after.node, 'stopped'));
      assert.equal(specs[0]?.kernel?.path, `${place.path}/cache/vmlinuz`);
      assert.deepEqual(
        chainOf(diskPath(folder, row.id)).map((path) => path?.startsWith(place.path)),
        [true, true],
      );
      await after.stop();
    }
  });
});

describe('a data folder whose images or disks are gone', () => {
  const check = async (test: TestNode, mayAdopt = false): Promise<unknown[]> => {
    const logged: unknown[] = [];
    const error: Log['error'] = (event, fields) => void logged.push([event, fields?.['vm']]);
    const { folder, store } = test.node.context;
    await checkFilesOfVms({ folder, store, log: { ...silentLog, error }, mayAdopt });
    return logged;
  };

  it('is refused at the start with the names of the VMs that need them, and started when told to', async () => {
    for (const name of ['images', 'vms']) {
      await using at = await testHost();
      const test = await twoVms(at.folder, at.host);
      await rename(`${at.folder.path}/${name}`, `${at.folder.path}/${name}.old`);
      await assert.rejects(check(test), {
        reason: 'DATA_FOLDER_MISMATCH',
        message: new RegExp(`/${name} has none .*"runs", "stopped" need them.*Nothing was changed`),
        nextStep: new RegExp(`Put the folder back as .*/${name}: it may have been renamed.*--adopt-data`),
      });
      assert.deepEqual(await check(test, true), [
        ['vm.files-missing', 'runs'],
        ['vm.files-missing', 'stopped'],
      ]);
      await rename(`${at.folder.path}/${name}.old`, `${at.folder.path}/${name}`);
      assert.deepEqual(await check(test), []);
      await test.stop();
    }
  });

  it('is refused by the daemon, which leaves the rest as it was', async () => {
    await using at = await testHost();
    const test = await twoVms(at.folder, at.host);
    await test.stop();
    await rename(`${at.folder.path}/images`, `${at.folder.path}/images.old`);
    const settings = parseCommandLine(['serve', '--data', at.folder.path, '--listen', 'none'], {});
    await assert.rejects(startDaemon(settings ?? assert.fail(), silentLog), { reason: 'DATA_FOLDER_MISMATCH' });
    await rm(`${at.folder.path}/images`, { recursive: true });
    await rename(`${at.folder.path}/images.old`, `${at.folder.path}/images`);
    const after = await startTestNode(at.folder, at.host, { images });
    await succeed(after, startVm(after.node, 'stopped'));
    await after.stop();
  });

  it('is started when one base alone is missing: its VMs are named, and say what is missing when they are started', async () => {
    await using at = await testHost();
    const test = await twoVms(at.folder, at.host);
    const { base_path: base } = test.node.get('stopped').row;
    await rm(`${at.folder.path}/${base}`);
    assert.deepEqual(await check(test), [
      ['vm.files-missing', 'runs'],
      ['vm.files-missing', 'stopped'],
    ]);
    const failed = await done(test, startVm(test.node, 'stopped'));
    assert.equal(reasonOf(failed), 'VM_FILES_MISSING');
    assert.match(failed.error ?? '', new RegExp(`"stopped\\\\" needs .*${base}, missing now`));
    // The same agent in the same image, and yet other bytes: not what lies under the disks that there are.
    await succeed(test, createVm(test.node, { ...wanted, name: 'new', start: false }));
    assert.notEqual(test.node.get('new').row.base_path, base);
    assert.ok(!existsSync(`${at.folder.path}/${base}`));
    await test.stop();
  });
});
