import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, renameSync, rmdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { MessageInitShape } from '@bufbuild/protobuf';
import { FileChangeKind, type WatchFilesRequestSchema } from '@innkeeper/contract/agent';
import { FileServiceLite } from '@innkeeper/contract/agent-lite';
import type { ConformanceCase } from '../conformance-case.ts';
import type { NativeClient } from '../native-client.ts';

const needsNative = 'watches of files';

const letters: Record<FileChangeKind, string> = {
  [FileChangeKind.UNSPECIFIED]: '?',
  [FileChangeKind.CREATED]: '+',
  [FileChangeKind.MODIFIED]: '*',
  [FileChangeKind.CLOSED]: '.',
  [FileChangeKind.ATTRIBUTES]: '@',
  [FileChangeKind.REMOVED]: '-',
  [FileChangeKind.RENAMED]: '>',
};

/** A watch, whose changes are read as text: "+ a/" for a new folder, "> a b" for a rename. */
class Watch implements AsyncDisposable {
  readonly #stream: ReturnType<typeof startStream>;
  readonly #top: string;
  readonly #seen: string[] = [];
  #next: Promise<void> | undefined;
  isOver = false;

  private constructor(stream: ReturnType<typeof startStream>, top: string) {
    this.#stream = stream;
    this.#top = top;
  }

  /** Resolves when it has started, with the number of watched folders. */
  static async start(client: NativeClient, top: string, request: MessageInitShape<typeof WatchFilesRequestSchema>) {
    const stream = startStream(client, request);
    const first = await stream.next();
    if (first.done === true || first.value.event.case !== 'started') throw new Error('It did not start.');
    const watch = new Watch(stream, top);
    return Object.assign(watch, { folders: first.value.event.value.folders });
  }

  /** Resolves to all changes when `line` is among them, or at the end of the call. */
  async until(line: string): Promise<readonly string[]> {
    while (!this.#seen.includes(line) && !this.isOver) await this.#read();
    return this.#seen;
  }

  async untilOver(): Promise<readonly string[]> {
    return await this.until('never');
  }

  async #read(): Promise<void> {
    this.#next ??= this.#readOne();
    await this.#next;
    this.#next = undefined;
  }

  async #readOne(): Promise<void> {
    const { done, value } = await this.#stream.next();
    if (done === true) this.isOver = true;
    else if (value.event.case === 'changes') {
      if (value.event.value.lost) this.#seen.push('lost');
      for (const { kind, path, oldPath, isFolder } of value.event.value.changes) {
        const names = kind === FileChangeKind.RENAMED ? [oldPath, path] : [path];
        const shown = names.map((name) => name.replace(`${this.#top}/`, '')).join(' ');
        this.#seen.push(`${letters[kind]} ${shown}${isFolder ? '/' : ''}`);
      }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stream.return();
  }
}

function startStream(client: NativeClient, request: MessageInitShape<typeof WatchFilesRequestSchema>) {
  return client.link.stream(
    FileServiceLite.watch,
    (async function* () {
      yield request;
    })(),
  );
}

async function refusalOf(client: NativeClient, request: MessageInitShape<typeof WatchFilesRequestSchema>) {
  return await startStream(client, request)
    .next()
    .then(
      () => 'none',
      (error: { reason?: string }) => error.reason,
    );
}

export const watchCases: readonly ConformanceCase[] = [
  {
    title: 'a watched folder reports creation, content, attributes, renames as pairs, and removal, in order',
    needsNative,
    run: async ({ client, folder }) => {
      await using watch = await Watch.start(client, folder, { path: folder });
      assert.equal(watch.folders, 1);
      writeFileSync(join(folder, 'a'), 'text');
      await watch.until('. a');
      chmodSync(join(folder, 'a'), 0o600);
      await watch.until('@ a');
      renameSync(join(folder, 'a'), join(folder, 'b'));
      mkdirSync(join(folder, 'd'));
      writeFileSync(join(folder, 'd/inner'), '');
      rmSync(join(folder, 'b'));
      const seen = await watch.until('- b');
      assert.deepEqual(seen, ['+ a', '* a', '. a', '@ a', '> a b', '+ d/', '- b']);
    },
  },
  {
    title: 'a watched tree follows new folders and reports what was created in them meanwhile, each once',
    needsNative,
    run: async ({ client, folder }) => {
      mkdirSync(join(folder, 'old/deep'), { recursive: true });
      await using watch = await Watch.start(client, folder, { path: folder, recursive: true });
      assert.equal(watch.folders, 3);
      const wanted: string[] = [];
      for (let index = 0; index < 20; index++) {
        mkdirSync(join(folder, `old/n${index}/x/y`), { recursive: true });
        writeFileSync(join(folder, `old/n${index}/x/y/f`), '');
        const at = `old/n${index}`;
        wanted.push(`+ ${at}/`, `+ ${at}/x/`, `+ ${at}/x/y/`, `+ ${at}/x/y/f`);
      }
      writeFileSync(join(folder, 'end'), '');
      const made = (await watch.until('+ end')).filter((line) => line.startsWith('+') && line !== '+ end');
      assert.deepEqual([...made].sort(), wanted.sort());
      writeFileSync(join(folder, 'old/n7/x/y/late'), '');
      await watch.until('+ old/n7/x/y/late');
    },
  },
  {
    title: 'a watched tree follows folders that are renamed, leave it, and come into it with their contents',
    needsNative,
    run: async ({ client, folder }) => {
      mkdirSync(join(folder, 'top/a/b'), { recursive: true });
      mkdirSync(join(folder, 'away/full/deep'), { recursive: true });
      writeFileSync(join(folder, 'away/full/deep/f'), '');
      const top = join(folder, 'top');
      await using watch = await Watch.start(client, top, { path: top, recursive: true });
      renameSync(join(top, 'a'), join(top, 'c'));
      await watch.until('> a c/');
      writeFileSync(join(top, 'c/b/one'), '');
      await watch.until('+ c/b/one');
      renameSync(join(top, 'c/b'), join(folder, 'away/b'));
      await watch.until('- c/b/');
      writeFileSync(join(folder, 'away/b/unseen'), '');
      renameSync(join(folder, 'away/full'), join(top, 'full'));
      const seen = await watch.until('+ full/deep/f');
      assert.ok(seen.includes('+ full/') && seen.includes('+ full/deep/'), seen.join('\n'));
      writeFileSync(join(top, 'full/deep/g'), '');
      assert.equal((await watch.until('+ full/deep/g')).filter((line) => line.includes('unseen')).length, 0);
    },
  },
  {
    title: 'a watched file is watched by its name: through replacement, removal and creation, and by a link to it',
    needsNative,
    run: async ({ client, folder }) => {
      writeFileSync(join(folder, 'file'), '1');
      symlinkSync('file', join(folder, 'link'));
      await using watch = await Watch.start(client, folder, { path: join(folder, 'link') });
      writeFileSync(join(folder, 'other'), '2');
      renameSync(join(folder, 'other'), join(folder, 'file'));
      await watch.until('> other link');
      rmSync(join(folder, 'file'));
      await watch.until('- link');
      writeFileSync(join(folder, 'file'), '3');
      const seen = await watch.until('. link');
      assert.deepEqual(seen, ['> other link', '- link', '+ link', '* link', '. link']);
    },
  },
  {
    title: 'a watch ends when its folder is removed or renamed, after saying so',
    needsNative,
    run: async ({ client, folder }) => {
      for (const end of [() => rmdirSync(join(folder, 'd')), () => renameSync(join(folder, 'd'), join(folder, 'e'))]) {
        mkdirSync(join(folder, 'd'));
        await using watch = await Watch.start(client, folder, { path: join(folder, 'd'), recursive: true });
        end();
        assert.deepEqual(await watch.untilOver(), ['- d/']);
        assert.ok(watch.isOver);
      }
    },
  },
  {
    title:
      'changes that come faster than they can be told are reported as lost, hold up nothing, and later ones are seen again',
    needsNative,
    run: async ({ client, folder }) => {
      mkdirSync(join(folder, 'd'));
      await using watch = await Watch.start(client, folder, { path: folder, recursive: true });
      // More than the kernel keeps: 16,384 by default.
      const storm = 'cd "$1"; i=0; while [ $i -lt 15000 ]; do : >d/a; : >d/b; i=$((i+1)); done; mkdir d/new';
      const { exited } = await client.exec({ argv: ['sh', '-c', storm, 'sh', folder] });
      assert.deepEqual(exited.status, { case: 'exitCode', value: 0 });
      await client.ping();
      await watch.until('lost');
      writeFileSync(join(folder, 'd/new/after'), '');
      await watch.until('+ d/new/after');
    },
  },
  {
    title: 'a name that is not UTF-8 is watched and shown with U+FFFD',
    needsNative,
    run: async ({ client, folder }) => {
      await using watch = await Watch.start(client, folder, { path: folder, recursive: true });
      const name = Buffer.concat([Buffer.from(`${folder}/x`), Buffer.from([0xff])]);
      mkdirSync(name);
      await watch.until('+ x\uFFFD/');
      writeFileSync(Buffer.concat([name, Buffer.from('/in')]), '');
      await watch.until('+ x\uFFFD/in');
    },
  },
  {
    title: 'links and other file systems in a watched tree are not entered',
    needsNative,
    run: async ({ client, folder }) => {
      mkdirSync(join(folder, 'elsewhere/in'), { recursive: true });
      mkdirSync(join(folder, 'top'));
      symlinkSync('../elsewhere', join(folder, 'top/link'));
      const top = join(folder, 'top');
      await using watch = await Watch.start(client, top, { path: top, recursive: true });
      assert.equal(watch.folders, 1);
      writeFileSync(join(folder, 'elsewhere/unseen'), '');
      symlinkSync('../elsewhere', join(top, 'late'));
      writeFileSync(join(top, 'end'), '');
      assert.deepEqual(
        (await watch.until('. end')).filter((line) => line.startsWith('+')),
        ['+ late', '+ end'],
      );
    },
  },
  {
    title: 'a canceled watch gives its folders back, and more than 16 watches are refused',
    needsNative,
    run: async ({ client, folder }) => {
      const watches: Watch[] = [];
      for (let count = 0; count < 16; count++) watches.push(await Watch.start(client, folder, { path: folder }));
      assert.equal(await refusalOf(client, { path: folder }), 'WATCH_LIMIT');
      for (const watch of watches) await watch[Symbol.asyncDispose]();
      for (let reason: string | undefined = 'WATCH_LIMIT'; reason === 'WATCH_LIMIT'; ) {
        const stream = startStream(client, { path: folder });
        reason = await stream.next().then(
          () => undefined,
          (error: { reason?: string }) => error.reason,
        );
        await stream.return();
        assert.ok(reason === undefined || reason === 'WATCH_LIMIT', `${reason}`);
      }
    },
  },
  {
    title: 'a tree of more than 4,096 folders is refused, and nothing of it stays watched',
    needsNative,
    run: async ({ client, folder }) => {
      for (let index = 0; index < 64; index++)
        for (let inner = 0; inner < 64; inner++) mkdirSync(join(folder, `${index}/${inner}`), { recursive: true });
      assert.equal(await refusalOf(client, { path: folder, recursive: true }), 'WATCH_LIMIT');
      await using watch = await Watch.start(client, folder, { path: join(folder, '1'), recursive: true });
      assert.equal(watch.folders, 65);
    },
  },
  {
    title: 'a watch refuses missing, malformed, oversized and forbidden paths',
    needsNative,
    run: async ({ client, folder }) => {
      writeFileSync(join(folder, 'file'), '');
      symlinkSync('file', join(folder, 'link'));
      symlinkSync('loop', join(folder, 'loop'));
      symlinkSync('.', join(folder, 'here'));
      const refusals: [MessageInitShape<typeof WatchFilesRequestSchema>, string][] = [
        [{}, 'INVALID_PATH'],
        [{ path: 'relative' }, 'INVALID_PATH'],
        [{ path: `${folder}/../x` }, 'INVALID_PATH'],
        [{ path: `${folder}/\0` }, 'INVALID_PATH'],
        [{ path: `/${'x'.repeat(4096)}` }, 'INVALID_PATH'],
        [{ path: join(folder, 'none') }, 'FILE_NOT_FOUND'],
        [{ path: join(folder, 'file/below') }, 'FILE_NOT_DIRECTORY'],
        [{ path: join(folder, 'loop') }, 'FILE_SYMLINK_REFUSED'],
        [{ path: join(folder, 'link'), noSymlinks: true }, 'FILE_SYMLINK_REFUSED'],
        [{ path: join(folder, 'here'), noSymlinks: true }, 'FILE_SYMLINK_REFUSED'],
        [{ path: join(folder, 'here/file'), noSymlinks: true }, 'FILE_SYMLINK_REFUSED'],
      ];
      for (const [request, reason] of refusals)
        assert.equal(await refusalOf(client, request), reason, JSON.stringify(request).slice(0, 200));
    },
  },
];
