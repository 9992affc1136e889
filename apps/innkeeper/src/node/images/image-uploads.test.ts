import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { ImageUploads } from './image-uploads.ts';

const folder = mkdtempSync(join(tmpdir(), 'innkeeper-uploads-'));
after(() => rmSync(folder, { recursive: true, force: true }));

async function* bytes(...texts: readonly string[]): AsyncGenerator<Uint8Array> {
  for (const text of texts) yield Buffer.from(text);
}

describe('uploads of images', () => {
  it('an interrupted upload of an image keeps what arrived, and goes on there', async () => {
    const uploads = new ImageUploads(join(folder, 'resumed'));
    const broken = async function* (): AsyncGenerator<Uint8Array> {
      yield Buffer.from('first ');
      throw new Error('the connection broke');
    };
    await assert.rejects(uploads.receive('upload-1', 0, broken()), /the connection broke/);
    assert.equal(await uploads.offset('upload-1'), 6);
    assert.equal(await uploads.receive('upload-1', 6, bytes('sec', 'ond')), 12);
    assert.equal(readFileSync(await uploads.fileOf('upload-1'), 'utf8'), 'first second');
    // The client may go back, but not beyond what is here.
    assert.equal(await uploads.receive('upload-1', 2, bytes('x')), 3);
    await assert.rejects(uploads.receive('upload-1', 9, bytes('x')), { reason: 'UPLOAD_GAP' });
    await uploads.remove('upload-1');
    await assert.rejects(uploads.fileOf('upload-1'), { reason: 'INVALID_ARGUMENT' });
  });

  it('the id of an upload cannot name a file elsewhere', async () => {
    const uploads = new ImageUploads(join(folder, 'ids'));
    for (const id of ['', '../../etc/passwd', 'a/b/c/d/e/f', 'short', 'x'.repeat(65), '........'])
      await assert.rejects(uploads.receive(id, 0, bytes('x')), { reason: 'INVALID_ARGUMENT' }, id);
  });

  it('an upload of an image that was not continued for a day is removed by the next one', async () => {
    let nowMs = Date.now();
    const uploads = new ImageUploads(join(folder, 'old'), () => nowMs);
    await uploads.receive('forgotten-1', 0, bytes('x'));
    nowMs += 23 * 3_600_000;
    await uploads.receive('upload-2', 0, bytes('x'));
    assert.deepEqual((await readdir(join(folder, 'old'))).toSorted(), ['forgotten-1', 'upload-2']);
    nowMs += 2 * 3_600_000;
    await uploads.receive('upload-3', 0, bytes('x'));
    assert.deepEqual((await readdir(join(folder, 'old'))).toSorted(), ['upload-3']);
  });
});
