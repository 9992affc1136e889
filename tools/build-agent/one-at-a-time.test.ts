import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { it } from 'node:test';
import { pathToFileURL } from 'node:url';

const module = JSON.stringify(pathToFileURL(`${import.meta.dirname}/one-at-a-time.ts`).href);

/** A process that says "waits" and "works", and works until its input ends. */
function worker(folder: string): ChildProcess {
  const script = `import { oneAtATime } from ${module};
    await oneAtATime(${JSON.stringify(folder)}, () => console.log('waits'));
    console.log('works');
    process.stdin.resume();`;
  return spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['pipe', 'pipe', 'inherit'] });
}

async function lineOf(child: ChildProcess): Promise<string> {
  const [chunk] = (await once(child.stdout as NodeJS.ReadableStream, 'data')) as [Buffer];
  return chunk.toString().trim();
}

it('a second build in the same folder waits for the end of the first, however that ends; another folder is free', async () => {
  const folder = `/test-${process.pid}`;
  const [first, other] = [worker(folder), worker(`${folder}-other`)];
  const children = [first, other];
  try {
    assert.deepEqual(await Promise.all([lineOf(first), lineOf(other)]), ['works', 'works']);
    const second = worker(folder);
    children.push(second);
    assert.equal(await lineOf(second), 'waits');
    first.kill('SIGKILL');
    assert.equal(await lineOf(second), 'works');
  } finally {
    for (const child of children) child.kill('SIGKILL');
  }
});
