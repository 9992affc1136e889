// One set-up at a time in a checkout: two of npm's would remove each other's files.
import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { showStep } from './live-line.mjs';
import { setupFolder } from './paths.mjs';

const path = join(setupFolder, 'lock');
const own = `${path}.${process.pid}`;
const retryMs = 300;

/** Runs `work` while no other process of this checkout does; waits for the one that does. */
export async function withSetupLock(work) {
  let step;
  for (let holder = take(); holder !== undefined; holder = take()) {
    step ??= showStep(`Waiting for process ${holder}, which is setting up this checkout`);
    await new Promise((resolve) => setTimeout(resolve, retryMs));
  }
  step?.stop();
  const release = () => {
    if (readHolder() === process.pid) rmSync(path, { force: true });
  };
  process.on('exit', release);
  await work();
  process.off('exit', release);
  release();
}

/** The process that has the lock, or undefined when it is ours, or when there can be none (nothing can be written). */
function take() {
  try {
    mkdirSync(setupFolder, { recursive: true });
    // A link appears with its content, so nobody reads a lock without a process in it.
    writeFileSync(own, `${process.pid}\n`);
    linkSync(own, path);
    return undefined;
  } catch (error) {
    if (error.code !== 'EEXIST') return undefined;
  } finally {
    rmSync(own, { force: true });
  }
  const holder = readHolder();
  if (holder === process.pid) return undefined;
  if (holder !== undefined && isBootstrap(holder)) return holder;
  removeStale(holder);
  return take();
}

/** Removes the lock of a process that died, unless somebody else has just done so and taken it. */
function removeStale(holder) {
  const aside = `${own}.stale`;
  try {
    renameSync(path, aside);
    if (Number(readFileSync(aside, 'utf8')) !== holder) linkSync(aside, path);
  } catch (error) {
    if (error.code !== 'ENOENT' && error.code !== 'EEXIST') throw error;
  } finally {
    rmSync(aside, { force: true });
  }
}

function readHolder() {
  try {
    return Number(readFileSync(path, 'utf8'));
  } catch {
    return undefined;
  }
}

/** Whether a process is one of these; process ids are used again. */
function isBootstrap(pid) {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('bootstrap.mjs');
  } catch {
    return false;
  }
}
