import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { type Log, silentLog } from '@innkeeper/kit';
import { ConsoleHistory } from '../console-history.ts';
import { ConsoleFile } from './console-file.ts';

describe('ConsoleFile', () => {
  let directory: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'console-file-'));
  });
  afterEach(() => rm(directory, { recursive: true }));

  const diskBytes = async (): Promise<number> => {
    const sizes = (await readdir(directory)).map(async (name) => (await stat(join(directory, name))).size);
    return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
  };

  it('a console’s files give the next daemon the history, whatever its length', async () => {
    for (const total of [0, 10, 64 * 1024, 64 * 1024 + 1, 300_000, 1_500_000]) {
      const history = new ConsoleHistory();
      const file = await ConsoleFile.create(directory, silentLog);
      const bytes = randomBytes(total);
      for (let offset = 0; offset < total; offset += 50_000) {
        const chunk = bytes.subarray(offset, offset + 50_000);
        history.append(chunk);
        file.append(chunk);
        await file.flushed();
      }
      const { history: loaded } = await ConsoleFile.load(directory, silentLog);
      assert.deepEqual(loaded.view(), history.view());
      assert.ok((await diskBytes()) <= 448 * 1024);
    }
  });

  it('a loaded console history continues at the same offsets', async () => {
    const history = new ConsoleHistory();
    await ConsoleFile.create(directory, silentLog);
    for (let daemon = 0; daemon < 12; daemon++) {
      const { file } = await ConsoleFile.load(directory, silentLog);
      const bytes = randomBytes(70_000);
      history.append(bytes);
      file.append(bytes);
      await file.flushed();
    }
    const { history: loaded } = await ConsoleFile.load(directory, silentLog);
    assert.deepEqual(loaded.view(), history.view());
  });

  it('a console’s files are written at most at 2 MiB per second, however fast a guest prints', async () => {
    const file = await ConsoleFile.create(directory, silentLog);
    const bytes = randomBytes(100_000);
    const from = performance.now();
    let appended = 0;
    while (performance.now() - from < 500) {
      file.append(bytes);
      appended += bytes.length;
      await new Promise((resolve) => setImmediate(resolve));
    }
    await file.flushed();
    const seconds = (performance.now() - from) / 1000;
    assert.ok(appended > 4_000_000, `${appended} bytes were printed`);
    // The first write, and then one of at most 192 KiB every 100 ms.
    assert.ok(file.writtenBytes <= (seconds * 10 + 2) * 192 * 1024, `${file.writtenBytes} bytes in ${seconds} s`);
  });

  it('a console’s files join single bytes into larger writes', async () => {
    const file = await ConsoleFile.create(directory, silentLog);
    const history = new ConsoleHistory();
    for (let count = 0; count < 100_000; count++) {
      const byte = Uint8Array.of(count);
      file.append(byte);
      history.append(byte);
    }
    assert.ok(file.waitingPieces < 100);
    await file.flushed();
    assert.deepEqual((await ConsoleFile.load(directory, silentLog)).history.view(), history.view());
  });

  it('a console’s files drop the oldest output if the guest is faster than the disk, and count it', async () => {
    const file = await ConsoleFile.create(directory, silentLog);
    const bytes = randomBytes(3_000_000);
    for (let offset = 0; offset < bytes.length; offset += 10_000) file.append(bytes.subarray(offset, offset + 10_000));
    await file.flushed();
    const { head, droppedBytes, tail } = (await ConsoleFile.load(directory, silentLog)).history.view();
    assert.equal(head.length + droppedBytes + tail.length, bytes.length);
    assert.ok(tail.length > 150_000);
    assert.equal(Buffer.compare(tail, bytes.subarray(bytes.length - tail.length)), 0);
    assert.ok((await diskBytes()) <= 448 * 1024);
  });

  it('starting a console’s files removes those of an earlier VM, and no other files', async () => {
    await writeFile(join(directory, 'console-0.log'), 'old');
    await writeFile(join(directory, 'console.sock'), '');
    await ConsoleFile.create(directory, silentLog);
    assert.deepEqual(await readdir(directory), ['console.sock']);
  });

  it('a console’s files log a warning and continue if the disk fails', async () => {
    const warnings: string[] = [];
    const log: Log = { ...silentLog, warn: (event) => warnings.push(event) };
    const file = await ConsoleFile.create(directory, log);
    await rm(directory, { recursive: true });
    file.append(randomBytes(10));
    await file.flushed();
    assert.deepEqual(warnings, ['console.history-not-kept']);
    await mkdir(directory);
    file.append(randomBytes(10));
    await file.flushed();
    const { history } = await ConsoleFile.load(directory, log);
    assert.equal(history.totalBytes, 20);
  });
});
