import assert from 'node:assert/strict';
import { lstat, mkdir, readdir, readFile, readlink, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { MessageInitShape } from '@bufbuild/protobuf';
import { DirectorySort, type FileInfo, FileKind, type ListDirectoryRequestSchema } from '@innkeeper/contract/agent';
import { FileServiceLite } from '@innkeeper/contract/agent-lite';
import type { ConformanceCase } from '../conformance-case.ts';
import type { NativeClient } from '../native-client.ts';
import { agentPeakKib } from '../peak-memory.ts';

const needsNative = 'details of folders';
const manyEntries = 100_000;

type Link = NativeClient['link'];
type ListRequest = Omit<MessageInitShape<typeof ListDirectoryRequestSchema>, '$typeName' | '$unknown'>;

async function listAll(link: Link, request: ListRequest): Promise<FileInfo[]> {
  const entries: FileInfo[] = [];
  let pageToken = '';
  do {
    const page = await link.call(FileServiceLite.list, { ...request, pageToken }, { timeoutMs: 60_000 });
    entries.push(...page.entries);
    pageToken = page.nextPageToken;
  } while (pageToken !== '');
  return entries;
}

function named(entries: readonly FileInfo[]): string[] {
  return entries.map(({ path }) => path.slice(path.lastIndexOf('/') + 1));
}

async function arrange(folder: string): Promise<void> {
  await writeFile(join(folder, 'a'), 'xx', { mode: 0o640 });
  await writeFile(join(folder, 'b'), 'x');
  await writeFile(join(folder, '.hidden'), '');
  await mkdir(join(folder, 'sub'));
  await symlink('a', join(folder, 'link'));
}

export const treeCases: readonly ConformanceCase[] = [
  {
    title: 'a folder is listed in order, in pages of any size, with each entry’s attributes',
    needsNative,
    run: async ({ client: { link }, folder }) => {
      await arrange(folder);
      for (const pageSize of [1, 2, 0]) {
        assert.deepEqual(named(await listAll(link, { path: folder, pageSize })), ['a', 'b', 'link', 'sub']);
        const hidden = await listAll(link, { path: `${folder}/.//`, pageSize, hidden: true, descending: true });
        assert.deepEqual(named(hidden), ['sub', 'link', 'b', 'a', '.hidden']);
      }
      const bySize = await listAll(link, { path: folder, sort: DirectorySort.SIZE, descending: true, pageSize: 1 });
      assert.deepEqual(named(bySize.filter(({ kind }) => kind === FileKind.REGULAR)), ['a', 'b']);
      const [first, , third] = await listAll(link, { path: folder });
      const stats = await stat(join(folder, 'a'), { bigint: true });
      assert.deepEqual(
        [first?.kind, first?.mode, first?.sizeBytes, first?.uid, first?.modifiedUnixNs],
        [FileKind.REGULAR, 0o640, 2n, Number(stats.uid), stats.mtimeNs],
      );
      assert.deepEqual([third?.kind, third?.symlinkTarget], [FileKind.SYMLINK, 'a']);
    },
  },
  {
    title: 'a folder with 100,000 entries is listed page by page in bounded memory without blocking other calls',
    measuresMemory: true,
    needsNative,
    run: async ({ client: { link }, folder, agentPid }) => {
      const name = (index: number): string => `entry-${String(index).padStart(6, '0')}-with-a-name-of-some-length`;
      for (let from = 0; from < manyEntries; from += 1000)
        await Promise.all(Array.from({ length: 1000 }, (_, index) => writeFile(join(folder, name(from + index)), '')));
      const before = await agentPeakKib(agentPid, { reset: true });
      const listing = link.call(FileServiceLite.list, { path: folder, pageSize: 1000 }, { timeoutMs: 60_000 });
      let longestPingMs = 0;
      let listed = false;
      listing.finally(() => {
        listed = true;
      });
      while (!listed) longestPingMs = Math.max(longestPingMs, (await link.ping()).roundTripMs);
      const first = await listing;
      assert.equal(first.total, BigInt(manyEntries));
      assert.deepEqual(named(first.entries).slice(0, 2), [name(0), name(1)]);
      const { entries } = await link.call(
        FileServiceLite.list,
        {
          path: folder,
          pageSize: 1000,
          pageToken: JSON.stringify(['0', name(50_000)]),
          sort: DirectorySort.UNSPECIFIED,
        },
        { timeoutMs: 60_000 },
      );
      assert.equal(named(entries)[0], name(50_001));
      const removed = await link.call(
        FileServiceLite.remove,
        { path: folder, recursive: true },
        { timeoutMs: 120_000 },
      );
      assert.equal(removed.removed, BigInt(manyEntries + 1));
      const peak = await agentPeakKib(agentPid);
      assert.ok(peak - before < 4096, `the agent grew from ${before} to ${peak} KiB`);
      assert.ok(longestPingMs < 1000, `a ping took ${longestPingMs} ms`);
    },
  },
  {
    title: 'folders are created with mode and owner, and moved; removing a link does not remove its target',
    needsNative,
    run: async ({ client: { link }, folder }) => {
      const made = await link.call(FileServiceLite.makeDirectory, {
        path: `${folder}/n/e/w/`,
        parents: true,
        mode: 0o2750,
        group: '7',
      });
      assert.deepEqual([made.path, made.mode, made.gid], [`${folder}/n/e/w`, 0o2750, 7]);
      await link.call(FileServiceLite.makeDirectory, { path: `${folder}/n/e`, parents: true });
      await writeFile(join(folder, 'n', 'file'), 'kept');
      await symlink(join(folder, 'n'), join(folder, 'link'));
      assert.equal(
        (await link.call(FileServiceLite.rename, { from: `${folder}/link/e`, to: `${folder}/moved` })).path,
        `${folder}/moved`,
      );
      assert.equal((await link.call(FileServiceLite.remove, { path: `${folder}/link`, recursive: true })).removed, 1n);
      assert.equal(await readFile(join(folder, 'n', 'file'), 'utf8'), 'kept');
      assert.equal((await link.call(FileServiceLite.remove, { path: `${folder}/n`, recursive: true })).removed, 2n);
      assert.deepEqual(await readdir(folder), ['moved']);
    },
  },
  {
    title: 'modes and owners are set in a whole tree, but not through links',
    needsNative,
    run: async ({ client: { link }, folder }) => {
      await mkdir(join(folder, 'tree', 'in'), { recursive: true });
      await writeFile(join(folder, 'outside'), '', { mode: 0o600 });
      await writeFile(join(folder, 'tree', 'in', 'file'), '');
      await symlink('../../outside', join(folder, 'tree', 'in', 'link'));
      const path = join(folder, 'tree');
      assert.equal((await link.call(FileServiceLite.setMode, { path, mode: 0o711, recursive: true })).changed, 3n);
      assert.equal(
        (await link.call(FileServiceLite.setOwner, { path, user: '12', group: '34', recursive: true })).changed,
        4n,
      );
      const file = await stat(join(path, 'in', 'file'));
      assert.deepEqual([file.mode & 0o7777, file.uid, file.gid], [0o711, 12, 34]);
      const outside = await stat(join(folder, 'outside'));
      assert.deepEqual([outside.mode & 0o7777, outside.uid], [0o600, process.getuid?.() ?? 0]);
      assert.equal((await lstat(join(path, 'in', 'link'))).uid, 12);
      await link.call(FileServiceLite.setOwner, { path, group: '35' });
      assert.deepEqual([(await stat(path)).uid, (await stat(path)).gid], [12, 35]);
    },
  },
  {
    title: 'a tree deeper than the maximum path length is removed',
    needsNative,
    run: async ({ client, folder }) => {
      // Each chain has the maximum length of a path; one is moved to the end of the other.
      const chain = 'deeper-and-deeper/'.repeat(200);
      for (const name of ['d', 'e']) await mkdir(`${folder}/${name}/${chain}`, { recursive: true });
      await writeFile(`${folder}/e/${chain}file`, '');
      await client.link.call(FileServiceLite.rename, { from: `${folder}/e`, to: `${folder}/d/${chain}e` });
      const { removed } = await client.link.call(
        FileServiceLite.remove,
        { path: `${folder}/d`, recursive: true },
        { timeoutMs: 60_000 },
      );
      assert.equal(removed, 403n);
      assert.deepEqual(await readdir(folder), []);
    },
  },
  {
    title: 'unusual names are listed, moved and removed; names that are not UTF-8 are removed with their folder',
    needsNative,
    run: async ({ client, folder }) => {
      const names = [' ', '\n', '-rf', '*', '<b>x', 'ü', '日本語'.repeat(28), '\u0007', 'x'.repeat(255)];
      for (const name of names) await writeFile(join(folder, name), '');
      const { link } = client;
      assert.deepEqual(named(await listAll(link, { path: folder })).sort(), [...names].sort());
      for (const name of names) {
        const to = `${folder}/moved`;
        assert.equal((await link.call(FileServiceLite.rename, { from: `${folder}/${name}`, to })).path, to);
        assert.equal((await link.call(FileServiceLite.remove, { path: to })).removed, 1n);
      }
      await client.run({ shell: `cd '${folder}' && mkdir raw && : > "raw/$(printf '\\377\\376')"` });
      assert.equal((await listAll(link, { path: `${folder}/raw` })).length, 1);
      assert.equal((await link.call(FileServiceLite.remove, { path: `${folder}/raw`, recursive: true })).removed, 2n);
    },
  },
  {
    title: 'a link is described with its target, and followed if requested',
    needsNative,
    run: async ({ client: { link }, folder }) => {
      await arrange(folder);
      const path = join(folder, 'link');
      const info = await link.call(FileServiceLite.stat, { path });
      assert.deepEqual([info.kind, info.symlinkTarget], [FileKind.SYMLINK, await readlink(path)]);
      assert.equal((await link.call(FileServiceLite.stat, { path, follow: true })).kind, FileKind.REGULAR);
      await symlink('nowhere', join(folder, 'dangling'));
      assert.equal((await link.call(FileServiceLite.stat, { path: join(folder, 'dangling') })).kind, FileKind.SYMLINK);
      await assert.rejects(link.call(FileServiceLite.stat, { path: join(folder, 'dangling'), follow: true }), {
        reason: 'FILE_NOT_FOUND',
      });
    },
  },
];
