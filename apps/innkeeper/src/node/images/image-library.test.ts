import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { describe, it } from 'node:test';
import { OperationError } from '@innkeeper/contract';
import { createDeferred } from '@innkeeper/kit';
import { fakeImageTools } from '../fake/fake-image-tools.ts';
import { done, reasonOf, succeed, wanted, withImage } from '../fake/operate.ts';
import { testHost } from '../fake/test-node.ts';
import { createVm } from '../vm/create-vm.ts';
import { deleteVm } from '../vm/vm-operations.ts';

describe('an image', () => {
  it('an invalid image is refused with a reason, and leaves nothing behind', async () => {
    await using at = await testHost();
    const test = await withImage(at.folder, at.host);
    const { images } = test.node;
    assert.equal(reasonOf(await done(test, images.add('x', '/missing'))), 'IMAGE_UNREADABLE');
    await assert.rejects(images.add('X', '/a'), { reason: 'INVALID_NAME' });
    await assert.rejects(images.add('x', 'a'), { reason: 'INVALID_PATH' });
    await assert.rejects(images.add('tiny', '/a'), { reason: 'IMAGE_NAME_TAKEN' });
    await assert.rejects(images.build('windows', '', false), { reason: 'INVALID_ARGUMENT' });
    await assert.rejects(images.remove('x'), { reason: 'IMAGE_NOT_FOUND' });
    assert.deepEqual(await readdir(`${at.folder.path}/images`), ['tiny']);
    await test.stop();
  });

  it('an image stays usable while it is rebuilt, and when that fails', async () => {
    await using at = await testHost();
    const building = createDeferred<void>();
    const goOn = createDeferred<void>();
    const rebuilds: boolean[] = [];
    const good = fakeImageTools().buildImage;
    const test = await withImage(at.folder, at.host, {
      images: {
        buildImage: async (kind, where, options) => {
          rebuilds.push(where.rebuild);
          const made = await good(kind, where, options);
          if (!where.rebuild) return made;
          building.resolve();
          await goOn.promise;
          throw new OperationError('IMAGE_BUILD_FAILED', 'no such package');
        },
      },
    });
    const { node } = test;
    const begun = node.images.build('tiny', '', true);
    await building.promise;
    await succeed(test, createVm(node, wanted));
    await assert.rejects(node.images.build('tiny', '', true), { reason: 'IMAGE_IN_USE' });
    goOn.resolve();
    assert.equal(reasonOf(await done(test, begun)), 'IMAGE_BUILD_FAILED');
    assert.deepEqual(rebuilds, [false, true]);
    const { path } = await node.images.get('tiny');
    assert.ok(existsSync(`${at.folder.path}/${path}`));
    assert.equal((await readdir(at.folder.imageFolder('tiny'))).filter((name) => name.startsWith('made-')).length, 1);
    await test.stop();
  });

  it('a rebuilt image replaces the old one and gets the agent again, unless a VM was created meanwhile', async () => {
    await using at = await testHost();
    const test = await withImage(at.folder, at.host);
    const { node } = test;
    const before = await node.images.get('tiny');
    await succeed(test, node.images.build('tiny', '', true));
    const after = await node.images.get('tiny');
    assert.notEqual(after.path, before.path);
    assert.ok(!existsSync(`${at.folder.path}/${before.path}`));
    assert.notEqual(after.base, null);
    await succeed(test, createVm(node, { ...wanted, start: false }));
    await assert.rejects(node.context.store.images.replace(after), { reason: 'IMAGE_IN_USE' });
    await assert.rejects(node.context.store.images.replace({ ...after, name: 'none' }), { reason: 'IMAGE_NOT_FOUND' });
    await test.stop();
  });

  it('creating a VM with a larger disk says why its root will not grow, and nothing when it will', async () => {
    await using at = await testHost();
    const larger = { ...wanted, diskBytes: 2n ** 33n, start: false };
    const good = fakeImageTools();
    const reasons: readonly (readonly [images: Partial<typeof good>, said: string | undefined])[] = [
      [{}, undefined],
      [
        { createOverlay: async (...args) => (await good.createOverlay(...args)) ?? 'it is last but one' },
        'it is last but one',
      ],
      [
        { prepareBase: async () => ({ ok: false, reason: 'IMAGE_NO_INIT', detail: 'No init.', nextStep: '' }) },
        'the agent is not in the image',
      ],
    ];
    for (const [images, said] of reasons) {
      const test = await withImage(at.folder, at.host, { images });
      const row = await done(test, createVm(test.node, larger));
      const notes = (JSON.parse(row.log) as string[]).filter((line) =>
        line.startsWith('note: the root keeps its size'),
      );
      assert.equal(notes.length, said === undefined ? 0 : 1);
      assert.match(notes[0] ?? '', said === undefined ? /^$/ : new RegExp(`because ${said}: enlarge it in the guest`));
      await succeed(test, deleteVm(test.node, 'one', false));
      await succeed(test, test.node.images.remove('tiny'));
      await test.stop();
    }
  });

  it('an image is not removed while a VM uses it', async () => {
    await using at = await testHost();
    const test = await withImage(at.folder, at.host);
    await succeed(test, createVm(test.node, { ...wanted, start: false }));
    assert.equal(reasonOf(await done(test, test.node.images.remove('tiny'))), 'IMAGE_IN_USE');
    await succeed(test, deleteVm(test.node, 'one', false));
    await succeed(test, test.node.images.remove('tiny'));
    assert.deepEqual(await readdir(`${at.folder.path}/images`), []);
    await test.stop();
  });
});
