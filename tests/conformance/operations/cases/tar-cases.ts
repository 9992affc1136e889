import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdir, readdir, readFile, readlink, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { FileServiceLite } from '@innkeeper/contract/agent-lite';
import { until } from '@innkeeper/kit/testing';
import { openCall } from '../../../../packages/agent-client/src/links/native/session/typed-call.ts';
import type { ConformanceCase } from '../conformance-case.ts';
import { archive, entry, paxHeader, resign } from '../hostile-tar.ts';
import type { NativeClient } from '../native-client.ts';
import { agentPeakKib } from '../peak-memory.ts';

const needsNative = 'archives';

async function unpack(client: NativeClient, path: string, bytes: Uint8Array, open: object = {}) {
  return await client.link.writeTar({ path, ...open }, async function* () {
    for (let at = 0; at < bytes.length; at += 10_007) yield bytes.subarray(at, at + 10_007);
  });
}

async function pack(client: NativeClient, path: string): Promise<{ bytes: Buffer; skipped: readonly string[] }> {
  const reading = client.link.readTar({ path });
  const pieces: Uint8Array[] = [];
  for await (const chunk of reading.chunks) pieces.push(chunk.slice());
  return { bytes: Buffer.concat(pieces), skipped: (await reading.done).skipped };
}

export const tarCases: readonly ConformanceCase[] = [
  {
    title: 'an archived tree can be unpacked by tar(1) and by the agent',
    needsNative,
    run: async ({ client, folder }) => {
      const tree = join(folder, 'tree');
      await mkdir(join(tree, 'empty'), { recursive: true });
      await writeFile(join(tree, 'large'), Buffer.alloc(3_000_001, 'x'));
      await writeFile(join(tree, `${'long'.repeat(50)} ü`), 'y', { mode: 0o600 });
      await symlink('../large', join(tree, 'empty', 'link'));
      execFileSync('mkfifo', [join(tree, 'pipe')]);
      const { bytes, skipped } = await pack(client, tree);
      assert.deepEqual(skipped, ['tree/pipe: is a fifo']);
      await mkdir(join(folder, 'by-tar'));
      execFileSync('tar', ['-C', join(folder, 'by-tar'), '-xf', '-'], { input: bytes });
      await unpack(client, join(folder, 'by-agent'), bytes, { createParents: true, keepOwners: true });
      for (const by of ['by-tar', 'by-agent']) {
        const copy = join(folder, by, 'tree');
        execFileSync('diff', ['-r', '--no-dereference', '-x', 'pipe', tree, copy]);
        assert.equal(await readlink(join(copy, 'empty', 'link')), '../large');
        assert.equal((await stat(join(copy, `${'long'.repeat(50)} ü`))).mode & 0o777, 0o600);
      }
    },
  },
  {
    title: 'archives of tar(1) in each of its formats are unpacked, with hard links',
    needsNative,
    run: async ({ client, folder }) => {
      const tree = join(folder, 'tree');
      await mkdir(tree);
      await writeFile(join(tree, 'a'), 'text');
      execFileSync('ln', [join(tree, 'a'), join(tree, 'b')]);
      for (const format of ['gnu', 'pax', 'ustar', 'v7', 'oldgnu']) {
        const bytes = execFileSync('tar', ['-C', tree, `--format=${format}`, '-cf', '-', '.']);
        await unpack(client, join(folder, format), bytes, { createParents: true });
        assert.equal(await readFile(join(folder, format, 'b'), 'utf8'), 'text');
        assert.equal((await stat(join(folder, format, 'a'))).nlink, 2, format);
      }
    },
  },
  {
    title: 'unpacking writes nothing outside of the folder, whatever names and links an archive has',
    needsNative,
    run: async ({ client, folder }) => {
      const outside = join(folder, 'outside');
      await mkdir(outside);
      await writeFile(join(outside, 'mine'), 'mine');
      const refused: readonly (readonly [string, readonly Uint8Array[]])[] = [
        ['INVALID_ARGUMENT', [entry('../outside/evil')]],
        ['INVALID_ARGUMENT', [entry('a/../../outside/evil')]],
        ['INVALID_ARGUMENT', [entry('..', { type: '5' })]],
        ['FILE_SYMLINK_REFUSED', [entry('out', { type: '2', link: outside }), entry('out/evil')]],
        ['FILE_SYMLINK_REFUSED', [entry('out', { type: '2', link: '../outside' }), entry('out/a/evil')]],
        ['left out', [entry('out', { type: '2', link: outside }), entry('out', { type: '5' })]],
        ['left out', [entry('h', { type: '1', link: join(outside, 'mine') })]],
        ['INVALID_ARGUMENT', [entry('h', { type: '1', link: '../outside/mine' })]],
        ['FILE_SYMLINK_REFUSED', [entry('o', { type: '2', link: outside }), entry('h', { type: '1', link: 'o/mine' })]],
        [
          'INVALID_ARGUMENT',
          [entry('s', { type: '2', link: join(outside, 'mine') }), entry('h', { type: '1', link: 's' })],
        ],
      ];
      for (const [index, [reason, entries]] of refused.entries()) {
        const path = join(folder, `to${index}`);
        const unpacking = unpack(client, path, archive(...entries), { createParents: true });
        if (reason === 'left out') assert.equal((await unpacking).skipped.length, 1, `${index}`);
        else await assert.rejects(unpacking, { reason }, `${index}`);
        assert.ok(
          !(await readdir(path)).some((name) => name.includes('.innkeeper-')),
          `${index} leaves a partial file behind`,
        );
      }
      const path = join(folder, 'to');
      const replaced = [entry('f', { type: '2', link: join(outside, 'mine') }), entry('f', { content: 'theirs' })];
      await unpack(client, path, archive(...replaced, entry(join(outside, 'evil'))), { createParents: true });
      assert.equal(await readFile(join(path, 'f'), 'utf8'), 'theirs');
      assert.equal(await readFile(join(outside, 'mine'), 'utf8'), 'mine');
      assert.deepEqual(await readdir(outside), ['mine']);
    },
  },
  {
    title: 'folders of /proc and /sys are archived with what their files contain, and what is left out is named',
    needsNative,
    run: async ({ client, folder }) => {
      for (const path of ['/proc/sys/net/ipv4', '/sys/kernel/mm']) {
        const { bytes, skipped } = await pack(client, path);
        const copy = join(folder, path.replaceAll('/', '-'));
        await mkdir(copy);
        execFileSync('tar', ['-C', copy, '-xf', '-'], { input: bytes });
        const there = execFileSync('find', [path, '-type', 'f'], { encoding: 'utf8' }).trim().split('\n');
        const here = execFileSync('find', ['.', '-type', 'f'], { cwd: copy, encoding: 'utf8' }).trim().split('\n');
        const further = Number(/^(\d+) more/.exec(skipped.at(-1) ?? '')?.[1] ?? 1) - 1;
        const missing = skipped.length === 0 ? 0 : skipped.length + further;
        assert.equal(here.length + missing, there.length, `${path}: ${skipped}`);
        for (const each of here) {
          const content = await readFile(join(copy, each), 'utf8');
          assert.ok(!content.includes('\0'), `${each} is padded with NULs`);
        }
      }
      const name = '/proc/sys/kernel/ostype';
      assert.ok((await pack(client, name)).bytes.includes('Linux\n'));
      // 5 MB of symbols, with size 0.
      const { skipped } = await pack(client, '/proc/kallsyms');
      assert.deepEqual(skipped, ['kallsyms: has no true size, and more than 1048576 bytes']);
    },
  },
  {
    title: 'devices, FIFOs and sparse files are skipped and reported; set-user-id is kept only with owners',
    needsNative,
    run: async ({ client, folder }) => {
      const bytes = archive(
        entry('null', { type: '3' }),
        entry('sda', { type: '4' }),
        entry('pipe', { type: '6' }),
        paxHeader({ 'GNU.sparse.major': '1', 'GNU.sparse.name': 'sparse' }),
        entry('x', { content: 'a map' }),
        entry('program', { mode: 0o6755, uid: 12, content: 'x' }),
      );
      const { skipped, files } = await unpack(client, join(folder, 'to'), bytes, { createParents: true });
      assert.deepEqual([skipped.length, files], [4, 1n]);
      assert.deepEqual(await readdir(join(folder, 'to')), ['program']);
      assert.equal((await stat(join(folder, 'to', 'program'))).mode & 0o7777, 0o755);
      await unpack(client, join(folder, 'to'), bytes, { keepOwners: true });
      const kept = await stat(join(folder, 'to', 'program'));
      assert.deepEqual([kept.mode & 0o7777, kept.uid], [0o6755, 12]);
    },
  },
  {
    title: 'an archive truncated at any position is refused, and leaves no partial file',
    needsNative,
    run: async ({ client, folder }) => {
      const whole = archive(entry('a', { content: 'x'.repeat(700) }), entry('b', { content: 'y'.repeat(1500) }));
      for (let length = 0; length <= whole.length - 1024; length += 256) {
        const path = join(folder, `cut${length}`);
        const cut = whole.subarray(0, length);
        await assert.rejects(
          unpack(client, path, cut, { createParents: true }),
          { reason: 'INVALID_ARGUMENT' },
          `${length}`,
        );
        for (const name of await readdir(path))
          assert.equal((await stat(join(path, name))).size, name === 'a' ? 700 : 1500, `${name} cut at ${length}`);
      }
    },
  },
  {
    title: 'invalid headers of an archive are refused without using memory',
    measuresMemory: true,
    needsNative,
    run: async ({ client, folder, agentPid }) => {
      const before = await agentPeakKib(agentPid, { reset: true });
      const many = Object.fromEntries(Array.from({ length: 900 }, (_, index) => [`x.${index}`, 'v'.repeat(50)]));
      const hostile: readonly (readonly Uint8Array[])[] = [
        [Buffer.alloc(512, 7)],
        [resign(entry('x', { type: 'x' }), { size: '77777777777' })],
        [resign(entry('L', { type: 'L' }), { size: '00000200001' })],
        [resign(entry('f'), { size: '-0000000001' })],
        [paxHeader({ size: '1e400' }), entry('f')],
        [paxHeader({ size: '-1' }), entry('f')],
        [paxHeader({ uid: 'x' }), entry('f')],
        [entry('x', { type: 'x', content: '99999 path=x\n' })],
        [entry('x', { type: 'x', content: 'nothing of it' })],
        [entry('a/'.repeat(5000))].map(() => paxHeader({ path: 'a/'.repeat(5000) })).concat([Buffer.from(entry('f'))]),
      ];
      for (const [index, entries] of hostile.entries())
        await assert.rejects(
          unpack(client, join(folder, `to${index}`), archive(...entries), { createParents: true }),
          { reason: 'INVALID_ARGUMENT' },
          `${index}`,
        );
      const bomb = Array.from({ length: 300 }, () => paxHeader(many));
      await unpack(client, join(folder, 'bomb'), archive(...bomb, entry('f')), { createParents: true });
      const peak = await agentPeakKib(agentPid);
      assert.ok(peak - before < 4096, `the agent grew from ${before} to ${peak} KiB`);
    },
  },
  {
    title: 'unpacking a file larger than the disk fails once the disk is full, and leaves no partial file',
    needsNative,
    run: async ({ client, folder }) => {
      const path = join(folder, 'to');
      const huge = resign(entry('huge'), { size: '77777777777' });
      await assert.rejects(
        unpack(client, path, Buffer.concat([huge, Buffer.alloc(100_000)]), { createParents: true }),
        { reason: 'INVALID_ARGUMENT' },
      );
      assert.deepEqual(await readdir(path), []);
    },
  },
  {
    title: 'a thousand hard links to a file are created without copying it',
    needsNative,
    run: async ({ client, folder }) => {
      const links = Array.from({ length: 1000 }, (_, index) => entry(`l${index}`, { type: '1', link: 'file' }));
      const { files } = await unpack(
        client,
        folder,
        archive(entry('file', { content: 'x'.repeat(100_000) }), ...links),
      );
      assert.equal(files, 1001n);
      assert.equal((await stat(join(folder, 'file'))).nlink, 1001);
    },
  },
  {
    title: 'messages of an archive in the wrong order are refused',
    needsNative,
    run: async ({ client, folder }) => {
      const send = async (first: object, ...inputs: readonly object[]): Promise<void> => {
        const call = openCall(client.session, FileServiceLite.writeTar, { input: first } as never);
        for (const [index, input] of inputs.entries())
          await call.send({ input } as never, { halfClose: index === inputs.length - 1 });
        while ((await call.next()) !== undefined);
      };
      const open = { case: 'open', value: { path: folder } };
      const wrong = { reason: 'INVALID_ARGUMENT' };
      await assert.rejects(send({ case: 'commit', value: {} }), wrong);
      await assert.rejects(send(open, open), wrong);
      await assert.rejects(send(open, { case: 'chunk', value: { offset: 5n, data: Buffer.alloc(512) } }), {
        reason: 'UPLOAD_GAP',
      });
      await assert.rejects(send(open, { case: 'chunk', value: { data: Buffer.alloc(1024) } }), wrong);
    },
  },
  {
    title: 'cancelling the reading of an archive leaves no open file behind',
    needsNative,
    run: async ({ client, folder, agentPid }) => {
      await writeFile(join(folder, 'large'), Buffer.alloc(20_000_000));
      const open = async (): Promise<number> => (await readdir(`/proc/${agentPid}/fd`)).length;
      const before = await open();
      for (let round = 0; round < 5; round++)
        for await (const chunk of client.link.readTar({ path: folder }).chunks) {
          assert.ok(chunk.length > 0);
          break;
        }
      await client.ping();
      await until(async () => (await open()) <= before);
    },
  },
];
