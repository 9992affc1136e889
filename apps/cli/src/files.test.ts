import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { create } from '@bufbuild/protobuf';
import { FileChangeKind, FileKind, WatchFilesEventSchema } from '@innkeeper/contract/agent';
import { callError, startFakeDaemon } from '../../../packages/client/src/testing/fake-daemon.ts';
import { parseMode, parseOwner } from './parse-values.ts';
import { runInn } from './testing/run-inn.ts';

type Handlers = NonNullable<Parameters<typeof startFakeDaemon>[0]>;

/** Records requests without their empty fields. */
function recorder(): {
  readonly asked: string[];
  readonly note: (request: object) => object;
} {
  const asked: string[] = [];
  const note = (request: object): object => {
    const given = Object.entries(request).filter(([name, value]) => name !== '$typeName' && value && value !== '');
    asked.push(given.map(([name, value]) => `${name}=${value}`).join(' '));
    return {};
  };
  return { asked, note };
}

const entries = [
  { path: '/d/a\u001b[2Jb', kind: FileKind.REGULAR, sizeBytes: 2048n, mode: 0o644, user: 'root', uid: 0 },
  { path: '/d/in', kind: FileKind.DIRECTORY, mode: 0o755, uid: 5 },
  { path: '/d/link', kind: FileKind.SYMLINK, mode: 0o777, symlinkTarget: '/etc' },
];

describe('inn files', () => {
  it('inn files ls prints a table, owners with -l, and the API’s own objects with -o json', async () => {
    const { asked, note } = recorder();
    const guestFiles: Handlers['guestFiles'] = { list: (request) => ({ ...note(request), entries }) };
    await using daemon = await startFakeDaemon({ guestFiles });
    const { stdout, exitCode } = await runInn(daemon.socketPath, ['files', 'ls', 'one:/d']);
    assert.equal(exitCode, 0);
    assert.match(stdout, /^MODE {9}SIZE {2}MODIFIED {2}NAME\n-rw-r--r-- {2}2 KiB {2}– {9}a·\[2Jb\n/);
    assert.match(stdout, /drwxr-xr-x.* in\/\nlrwxrwxrwx.* link -> \/etc\n$/);
    const long = await runInn(daemon.socketPath, ['files', 'ls', '-la', '--sort', 'time', 'one:/d']);
    assert.match(long.stdout, /^MODE {8}OWNER {2}GROUP/);
    assert.match(long.stdout, /drwxr-xr-x {2}5 {6}0 /);
    const json = await runInn(daemon.socketPath, ['files', 'ls', 'one:/d', '--reverse', '-o', 'json']);
    assert.equal((JSON.parse(json.stdout) as { kind: string }[])[1]?.kind, 'FILE_KIND_DIRECTORY');
    assert.equal(
      (await runInn(daemon.socketPath, ['files', 'ls', 'one:/d', '-o', 'name'])).stdout,
      'a·[2Jb\nin\nlink\n',
    );
    assert.deepEqual(asked.slice(0, 3), [
      'path=/d pageSize=1000',
      'path=/d pageSize=1000 sort=2 descending=true hidden=true',
      'path=/d pageSize=1000 descending=true',
    ]);
  });

  it('inn files watch prints a line for each change, and JSON lines with -o json', async () => {
    const guestFiles: NonNullable<Handlers['guestFiles']> = {
      async *watch({ recursive }) {
        const value = { folders: recursive ? 3 : 1 };
        yield create(WatchFilesEventSchema, { event: { case: 'started', value } });
        const changes = [
          { kind: FileChangeKind.CREATED, path: '/d/\u001b[2J' },
          { kind: FileChangeKind.RENAMED, path: '/d/b', oldPath: '/d/a', isFolder: true },
        ];
        yield create(WatchFilesEventSchema, { event: { case: 'changes', value: { changes, lost: true } } });
      },
    };
    await using daemon = await startFakeDaemon({ guestFiles });
    const { stdout, stderr, exitCode } = await runInn(daemon.socketPath, ['files', 'watch', '-r', 'one:/d']);
    assert.equal(exitCode, 0);
    assert.equal(
      stdout,
      'lost        changes before this were lost: look again\ncreated     /d/·[2J\nrenamed     /d/a/ -> /d/b/\n',
    );
    assert.equal(stderr, 'Watching one:/d, 3 folders.\none:/d is gone; the watch has ended.\n');
    const json = await runInn(daemon.socketPath, ['-q', 'files', 'watch', 'one:/d', '-o', 'json']);
    const lines = json.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { kind: string });
    assert.deepEqual(
      lines.map(({ kind }) => kind),
      ['started', 'lost', 'created', 'renamed'],
    );
    assert.equal(json.stderr, '');
  });

  it('inn files ls prints a hint for an empty folder, and an empty array with -o json', async () => {
    await using daemon = await startFakeDaemon({ guestFiles: { list: () => ({}) } });
    assert.match((await runInn(daemon.socketPath, ['files', 'ls', 'one:/d'])).stderr, /try -a/);
    assert.equal((await runInn(daemon.socketPath, ['files', 'ls', 'one:/d', '-o', 'json'])).stdout, '[]\n');
  });

  it('each inn files command sends the request that its arguments describe', async () => {
    const { asked, note } = recorder();
    const guestFiles: Handlers['guestFiles'] = {
      makeDirectory: note,
      rename: note,
      remove: note,
      setMode: note,
      setOwner: note,
      stat({ path }) {
        if (path === '/dir') return { kind: FileKind.DIRECTORY };
        throw callError('FILE_NOT_FOUND', 'no');
      },
    };
    await using daemon = await startFakeDaemon({ guestFiles });
    for (const words of [
      ['mkdir', '-p', '-m', '700', 'one:/a/b'],
      ['mv', 'one:/a', '/b'],
      ['mv', '-f', 'one:/a/b', 'one:/dir'],
      ['rm', '-rf', 'one:/a', 'one:/b'],
      ['chmod', '-R', '0644', 'one:/a'],
      ['chown', ':staff', 'one:/a'],
    ]) {
      const { exitCode, stderr } = await runInn(daemon.socketPath, ['files', ...words]);
      assert.deepEqual([exitCode, stderr], [0, ''], words.join(' '));
    }
    assert.deepEqual(asked, [
      'path=/a/b parents=true mode=448',
      'from=/a to=/b',
      'from=/a/b to=/dir/b replace=true',
      'path=/a recursive=true ignoreMissing=true',
      'path=/b recursive=true ignoreMissing=true',
      'path=/a mode=420 recursive=true',
      'path=/a group=staff',
    ]);
  });

  it('inn files exits with the code for its error', async () => {
    const guestFiles: Handlers['guestFiles'] = {
      stat() {
        throw callError('FILE_NOT_FOUND', 'no such file');
      },
      makeDirectory() {
        throw callError('FILE_EXISTS', 'it is there');
      },
    };
    await using daemon = await startFakeDaemon({ guestFiles });
    const codeOf = async (...words: readonly string[]): Promise<number | null> =>
      (await runInn(daemon.socketPath, ['files', ...words])).exitCode;
    assert.equal(await codeOf('stat', 'one:/none'), 3);
    assert.equal(await codeOf('mkdir', 'one:/a'), 5);
    assert.equal(await codeOf('mkdir', 'one:relative'), 2);
    assert.equal(await codeOf('ls', '/here'), 2);
    assert.equal(await codeOf('chmod', '9', 'one:/a'), 2);
    assert.equal(await codeOf('mv', 'one:/a', 'two:/b'), 2);
  });

  it('parses modes and owners, and rejects malformed ones', () => {
    assert.deepEqual(['644', '0755', '4755'].map(parseMode), [0o644, 0o755, 0o4755]);
    for (const wrong of ['u+x', '99', '77777', '']) assert.throws(() => parseMode(wrong), { name: 'CliError' });
    assert.deepEqual(parseOwner('me'), { user: 'me' });
    assert.deepEqual(parseOwner('me:us'), { user: 'me', group: 'us' });
    for (const wrong of ['', ':', 'a:b:c']) assert.throws(() => parseOwner(wrong), { name: 'CliError' });
  });
});

describe('inn ps and inn signal', () => {
  const processes = [
    { pid: 7, parentPid: 1, name: 'sh', command: 'sh -c x', user: 'me', state: 'S', rssBytes: 4096n, cpuPercent: 50 },
    { pid: 1, parentPid: 0, name: 'init', command: 'init', user: 'root', state: 'S' },
    { pid: 2, parentPid: 0, name: 'kthreadd', user: 'root', state: 'S' },
    { pid: 9, parentPid: 7, name: 'x', command: 'x\u0007', state: 'R' },
  ];

  it('inn ps lists processes, with --tree as a tree', async () => {
    await using daemon = await startFakeDaemon({ guestProcesses: { list: () => ({ processes, total: 9 }) } });
    const { stdout, stderr } = await runInn(daemon.socketPath, ['ps', 'one']);
    assert.match(
      stdout,
      /^PID {2}USER {2}STATE {3}CPU {2}MEMORY {2}CPU TIME {2}COMMAND\n {2}7 {2}me {4}S {6}50 % {3}4 KiB/,
    );
    assert.match(stdout, /\[kthreadd\]\n.*x·\n$/);
    assert.match(stderr, /^4 of 9 processes/);
    const tree = await runInn(daemon.socketPath, ['ps', 'one', '--tree']);
    assert.match(tree.stdout, /init\n.*└─ sh -c x\n.* {3}└─ x·\n.*\[kthreadd\]\n$/);
    assert.equal((JSON.parse((await runInn(daemon.socketPath, ['ps', 'one', '-o', 'json'])).stdout) as []).length, 4);
  });

  it('inn signal sends signals by name, and fails for protected processes and unknown signals', async () => {
    const { asked, note } = recorder();
    const guestProcesses: Handlers['guestProcesses'] = {
      signal(request) {
        note(request);
        if (request.pid === 1) throw callError('PROCESS_PROTECTED', 'Process 1 is init.');
        return { signaled: 3 };
      },
    };
    await using daemon = await startFakeDaemon({ guestProcesses });
    const sent = await runInn(daemon.socketPath, ['signal', 'one', '7', '9', '-s', 'kill', '--tree']);
    assert.deepEqual([sent.exitCode, sent.stderr], [0, 'Sent to 3 processes.\n'.repeat(2)]);
    assert.deepEqual(asked, ['pid=7 signal=9 tree=true', 'pid=9 signal=9 tree=true']);
    assert.equal((await runInn(daemon.socketPath, ['signal', 'one', '1'])).exitCode, 1);
    assert.equal((await runInn(daemon.socketPath, ['signal', 'one', 'x'])).exitCode, 2);
    assert.equal((await runInn(daemon.socketPath, ['signal', 'one', '7', '-s', 'NOPE'])).exitCode, 2);
  });
});
