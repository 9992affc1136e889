import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { FakeHost } from '../fake/fake-host.ts';
import type { FileStat, Host } from '../host.ts';
import { ProcessCount } from './process-count.ts';

/** A guest with this many processes, whose /proc has the kernel's link count; counts how often it was listed. */
function guest(processes: { count: number }, links: () => number) {
  const fake = new FakeHost();
  for (const name of fake.files.names('/proc').filter((each) => /^\d/.test(each))) fake.files.remove(`/proc/${name}`);
  for (let pid = 1; pid <= processes.count; pid++) fake.files.putFolder(`/proc/${pid}`);
  let listed = 0;
  const { files } = fake;
  const stat = (path: string, follow: boolean): FileStat => ({ ...files.stat(path, follow), linkCount: links() });
  const openDirectory: typeof files.openDirectory = (path, options) => {
    listed++;
    return files.openDirectory(path, options);
  };
  const host: Host = { ...fake, files: Object.assign(Object.create(files), { stat, openDirectory }) };
  return { host, fake, listed: () => listed };
}

describe('ProcessCount', () => {
  it('the process count lists /proc once, and uses its link count from then on', () => {
    const processes = { count: 40 };
    const { host, fake, listed } = guest(processes, () => 2 + foldersOf(fake) + processes.count);
    const count = new ProcessCount(host);
    assert.equal(count.sample(), 40);
    processes.count = 55;
    assert.deepEqual([count.sample(), count.sample(), listed()], [55, 55, 1]);
  });

  it('the process count lists /proc every time if the link count is that of another namespace', () => {
    const { host, listed } = guest({ count: 3 }, () => 500);
    const count = new ProcessCount(host);
    assert.deepEqual([count.sample(), count.sample(), listed()], [3, 3, 2]);
  });

  it('the process count lists /proc again if its links would mean that there is no process', () => {
    const { host, fake, listed } = guest({ count: 3 }, () => foldersOf(fake));
    const count = new ProcessCount(host);
    assert.deepEqual([count.sample(), count.sample(), listed()], [3, 3, 2]);
  });
});

function foldersOf(host: Host): number {
  const folder = host.files.openDirectory('/proc', { noSymlinks: false });
  const entries = folder.readEntries();
  folder.close();
  return entries.filter(({ name, type }) => type === 'directory' && !/^\d/.test(name)).length;
}
