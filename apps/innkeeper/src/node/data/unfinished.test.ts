import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { it } from 'node:test';
import { silentLog } from '@innkeeper/kit';
import { removeTemporary } from './unfinished.ts';

it('unfinished work of another running daemon in a shared cache stays until that daemon has ended', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'innkeeper-unfinished-'));
  const other = spawn(process.execPath, ['-e', 'process.stdin.resume()'], { stdio: ['pipe', 'ignore', 'inherit'] });
  const otherProgram = spawn('sleep', ['1000'], { stdio: 'ignore' });
  try {
    await Promise.all([once(other, 'spawn'), once(otherProgram, 'spawn')]);
    const names = [other.pid, process.pid, otherProgram.pid].map((pid) => `.unfinished-${pid}-aB3dE6`);
    for (const name of names) await mkdir(join(directory, name));
    await removeTemporary(directory, silentLog);
    assert.deepEqual(await readdir(directory), [names[0]]);
    other.stdin.end();
    await once(other, 'exit');
    await removeTemporary(directory, silentLog);
    assert.deepEqual(await readdir(directory), []);
  } finally {
    other.kill();
    otherProgram.kill();
    await rm(directory, { recursive: true });
  }
});
