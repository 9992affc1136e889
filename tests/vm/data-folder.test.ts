import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { spawnDaemon, startDaemon } from './daemon.ts';
import { innText } from './inn.ts';

describe('a second daemon', () => {
  it('a second daemon is refused a data folder in use, with the first one’s process id, and does not disturb it', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'innkeeper-data-'));
    const first = await startDaemon(folder);
    try {
      const second = spawnDaemon(folder);
      let said = '';
      second.stderr?.on('data', (chunk: Buffer) => {
        said += chunk.toString();
      });
      const [exitCode] = (await once(second, 'close')) as [number | null];
      assert.equal(exitCode, 1);
      assert.match(said, new RegExp(`Another daemon \\(process ${first.pid}\\) is using this data folder`));
      await innText(['ls'], { dataDirectory: folder });
    } finally {
      await first[Symbol.asyncDispose]();
      rmSync(folder, { recursive: true });
    }
  });

  it('a second daemon takes over the data folder of a killed one', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'innkeeper-data-'));
    await (await startDaemon(folder)).killHard();
    const second = await startDaemon(folder);
    try {
      await innText(['ls'], { dataDirectory: folder });
    } finally {
      await second[Symbol.asyncDispose]();
      rmSync(folder, { recursive: true });
    }
  });
});
