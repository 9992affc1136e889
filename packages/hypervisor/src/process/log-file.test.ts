import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { appendFile, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { silentLog } from '@innkeeper/kit';
import { readRegularFile } from '@innkeeper/kit/node';
import { ConsoleFile } from './console-file.ts';
import { LogFile } from './log-file.ts';

describe('LogFile', () => {
  let directory: string;
  let path: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'log-file-'));
    path = join(directory, 'qemu.log');
  });
  afterEach(() => rm(directory, { recursive: true }));

  it('a missing log has no last lines', async () => {
    assert.equal(await new LogFile(path).lastLines(), '');
  });

  it('the last lines of a log are complete and without control characters', async () => {
    await writeFile(path, `${'x'.repeat(8000)}\nqemu: \x1b[31mno such disk\x07: größer\r\n\tgiving up\n`);
    assert.equal(await new LogFile(path).lastLines(), 'qemu: [31mno such disk: größer\n\tgiving up');
  });

  it('the last lines of a log are at most 4 KiB', async () => {
    await writeFile(path, 'x'.repeat(100_000));
    assert.equal((await new LogFile(path).lastLines()).length, 4096);
  });

  it('a short log is unchanged and a long one is cut to its end', async () => {
    const log = new LogFile(path);
    await log.trim();
    await writeFile(path, 'short');
    await log.trim();
    assert.equal(await readFile(path, 'utf8'), 'short');
    await appendFile(path, 'y'.repeat(300_000));
    await appendFile(path, 'the end');
    await log.trim();
    assert.equal((await stat(path)).size, 64 * 1024);
    assert.equal(await log.lastLines().then((text) => text.slice(-7)), 'the end');
  });

  it('a log is emptied for a new process', async () => {
    await writeFile(path, 'of an earlier one');
    new LogFile(path).openForChild(() => undefined);
    assert.equal((await stat(path)).size, 0);
  });

  it('reading files never blocks on a FIFO that a hypervisor put in their place', { timeout: 10_000 }, async () => {
    execFileSync('mkfifo', [path, join(directory, 'console-0.log')]);
    assert.throws(() => new LogFile(path).openForChild(() => undefined), /ENXIO|not a regular file/);
    assert.equal(await new LogFile(path).lastLines(), '');
    await assert.rejects(ConsoleFile.load(directory, silentLog), /not a regular file/);
    await assert.rejects(readRegularFile('/dev/zero', 10), /not a regular file/);
  });
});
