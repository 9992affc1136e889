import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { type Daemon, startDaemon } from './daemon.ts';
import { innText } from './inn.ts';
import { cleanUp } from './vm-state.ts';

const gib = 1024 * 1024 * 1024;

describe('a VM with a larger disk than its image', { timeout: 600_000 }, () => {
  const name = 'test-larger';
  let daemon: Daemon;
  let options: { dataDirectory: string; timeoutMs: number };

  before(async () => {
    daemon = await startDaemon();
    options = { dataDirectory: daemon.dataDirectory, timeoutMs: 300_000 };
    await innText(['image', 'build', 'tiny'], options).catch(() => undefined);
  });

  after(() => cleanUp(daemon, [name]));

  it('after "inn create --disk 2G --start", the first command sees a root of 2 GiB, and so does the next boot', async () => {
    await innText(['create', name, '--image', 'tiny', '--disk', '2G', '--start'], options);
    const rootBytes = async (): Promise<number> => {
      const df = await innText(['exec', name, '--', 'df', '-kP', '/'], options);
      return Number(/^\S+ +(\d+) .* \/$/m.exec(df)?.[1]) * 1024;
    };
    const grown = await rootBytes();
    assert.ok(grown > 1.85 * gib && grown <= 2 * gib, `${grown} bytes`);
    await innText(['restart', name], options);
    assert.equal(await rootBytes(), grown);
  });
});
