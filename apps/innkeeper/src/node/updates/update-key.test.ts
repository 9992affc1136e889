import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { it } from 'node:test';
import { parseUpdateKeys } from '@innkeeper/contract/agent-update';
import { openUpdateKey } from './update-key.ts';

it('the key for agents is made once, for its user alone, and a damaged one is refused and not replaced', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'innkeeper-key-'));
  try {
    const path = join(folder, 'update-key.pem');
    const made = await openUpdateKey(path);
    assert.equal((await stat(path)).mode & 0o777, 0o600);
    assert.equal(parseUpdateKeys(made.line).length, 1);
    assert.equal((await openUpdateKey(path)).line, made.line);
    await writeFile(path, 'damaged');
    await assert.rejects(openUpdateKey(path), { reason: 'DATA_FOLDER_UNUSABLE' });
    assert.equal(await readFile(path, 'utf8'), 'damaged');
  } finally {
    await rm(folder, { recursive: true });
  }
});

it('a key that cannot be written whole is not begun, and what an ended daemon left of one is replaced', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'innkeeper-key-'));
  try {
    const path = join(folder, 'update-key.pem');
    await mkdir(`${path}.new`);
    await assert.rejects(openUpdateKey(path), { reason: 'DATA_FOLDER_UNUSABLE' });
    assert.deepEqual(await readdir(folder), ['update-key.pem.new']);
    await rm(`${path}.new`, { recursive: true });
    await writeFile(`${path}.new`, 'half of a k', { mode: 0o644 });
    const { line } = await openUpdateKey(path);
    assert.deepEqual(await readdir(folder), ['update-key.pem']);
    assert.equal((await stat(path)).mode & 0o777, 0o600);
    assert.equal((await openUpdateKey(path)).line, line);
  } finally {
    await rm(folder, { recursive: true });
  }
});
