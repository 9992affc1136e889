// Only one setup at a time in a checkout: two npm processes would remove each other's files.
import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { showStep } from './live-line.mjs';
import { setupFolder } from './paths.mjs';

const path = join(setupFolder, 'lock');
const own = `${path}.${process.pid}`;
const retryMs = 300;

/** Runs `work` exclusively in this checkout; waits for another process that does. */
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

/** The process that holds the lock; undefined if it is this one, or if no lock can be written. */
function take() {
  try {
    mkdirSync(setupFolder, { recursive: true });
    // A link is created with its content, so that a lock always names a process.
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

/** Removes the lock of a dead process, unless another process has just replaced it. */
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

/** Whether a process is a setup; process ids are reused. */
function isBootstrap(pid) {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('bootstrap.mjs');
  } catch {
    return false;
  }
}
