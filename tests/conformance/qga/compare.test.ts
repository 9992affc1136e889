import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { buildAgent, RunningAgent } from '../../../apps/agent/testing/running-agent.ts';
import { QgaSocket } from './qga-socket.ts';
import { missingReference, ReferenceAgent } from './reference-agent.ts';

type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json };

interface Comparison {
  readonly request: string;
  /** What is compared of an answer; default: its bytes. */
  readonly of?: (answer: Json) => unknown;
  /** How Debian's version differs, and why; then the answers must differ. */
  readonly differs?: string;
  /** The version of qemu-ga since which they are alike after all. */
  readonly alikeSince?: number;
}

const command = (execute: string, parameters?: object): string => JSON.stringify({ execute, arguments: parameters });
/** Names of members, without values that change from one moment to the next. */
const shape = (value: Json): unknown => {
  if (Array.isArray(value)) return value.map(shape);
  if (value !== null && typeof value === 'object')
    return Object.keys(value).map((name) => [
      name,
      typeof value === 'object' && name in value ? shape((value as Record<string, Json>)[name] ?? null) : null,
    ]);
  return typeof value;
};
const rows = (answer: Json): Record<string, Json>[] => {
  const { return: list } = answer as { readonly return: readonly Record<string, Json>[] };
  return [...list];
};
const byName = (answer: Json, name: string): unknown =>
  rows(answer).sort((a, b) => (String(a[name]).padStart(20) < String(b[name]).padStart(20) ? -1 : 1));

/** qemu-ga asks udev for it, which a container does not have; here it is the kernel's. */
const withoutSerial = (disks: Json | undefined): unknown =>
  Array.isArray(disks) ? disks.map((disk) => ({ ...disk, serial: undefined })) : disks;

const comparisons: readonly Comparison[] = [
  ...[
    '{"execute":"guest-ping"}',
    '{"execute":"guest-ping","id":{"seven":7,"one":1,"two":[1.5,2.0,1e3,-0.0,1e22,0.1,1.25e-7,18446744073709551615,-9223372036854775809,"\\u00e9\\/\\b\\f\\n\\r\\t\\\\\\"x"],"three":null,"four":true}}',
    '{"execute":"guest-ping","id":"\\ud83d\\ude00 \u00c3\u00a9 \x7f"}',
    '{"execute":"guest-ping","id":"\\ud83d"}',
    '{"execute":"guest-ping","id":"\\u0000"}',
    '{"execute":"guest-ping","id":"\\x"}',
    '{"execute":"guest-ping","id":"\\u12g4"}',
    '{"execute":"guest-ping","id":"\u00c3("}',
    '{"execute":"guest-ping","id":1a}',
    '{"execute":"guest-ping","id":1e}',
    '{"execute":"guest-ping","id":trueX}',
    '{"execute":"guest-ping" "id":3}',
    '{"execute":"guest-ping",}',
    '{"execute":"guest-ping","id":"x"}}',
    '{"a" 1}',
    '{"a":}',
    '{1:2}',
    '[1 2]',
    '[1,]',
    '[,1]',
    '[1}',
    '{"a":[1}]',
    '{"a":foo}',
    '{"a":1,"a":2}',
    '{"a":"x\ny"}',
    '{"a":1.}',
    '{"a":01}',
    '{"a":-}',
    '123 ',
    '"abc"',
    '}',
    ',',
    '@@ @ {"execute":"guest-ping"}',
    '\xff\xff{"execute":"guest-ping"}',
    '{"a":"b\xff{"execute":"guest-ping"}',
    '['.repeat(1025),
    '{"execute":"guest-sync","arguments":{"id":9223372036854775807}}',
    '{"execute":"guest-sync","arguments":{"id":18446744073709551615}}',
    '{"execute":"guest-sync","arguments":{"id":1.5}}',
    '{"execute":"guest-sync","arguments":{"id":"a"}}',
    '{"execute":"guest-sync","arguments":[]}',
    '{"execute":"guest-sync"}',
    '{"execute":"guest-sync-delimited","arguments":{"id":-5}}',
    '{"execute":5}',
    '{}',
    '{"execute":"nope","id":3}',
    '{"exec-oob":"guest-ping"}',
    command('guest-ping', { foo: 1 }),
    command('guest-exec', { path: '/bin/sh', arg: ['-c', 1] }),
    command('guest-exec', { path: '/bin/sh', arg: 'x' }),
    command('guest-exec', { path: '/bin/true', env: { a: 1 } }),
    command('guest-file-open', { path: '/nope' }),
    command('guest-file-open', { path: '/nope', mode: 'zz' }),
    command('guest-file-open', { path: '/etc' }),
    command('guest-file-read', { handle: 1000 }),
    command('guest-file-close', { handle: 1000 }),
    command('guest-file-open', { path: '/etc/passwd' }),
    command('guest-file-read', { handle: 1001, count: 10 }),
    command('guest-file-read', { handle: 1001, count: 0 }),
    command('guest-file-read', { handle: 1001, count: -1 }),
    command('guest-file-read', { handle: 1001, count: 50_331_649 }),
    command('guest-file-seek', { handle: 1001, offset: 5, whence: 'set' }),
    command('guest-file-seek', { handle: 1001, offset: 5, whence: 1 }),
    command('guest-file-seek', { handle: 1001, offset: 5, whence: 'foo' }),
    command('guest-file-seek', { handle: 1001, offset: 5, whence: 7 }),
    command('guest-file-seek', { handle: 1001, offset: 5, whence: true }),
    command('guest-file-seek', { handle: 1001, offset: -50, whence: 0 }),
    command('guest-file-seek', { handle: 1001, offset: 5 }),
    command('guest-file-write', { handle: 1001, 'buf-b64': 'YQ==' }),
    command('guest-file-write', { handle: 1001, 'buf-b64': 'Y@==' }),
    command('guest-file-write', { handle: 1001, 'buf-b64': 'YQ==', count: 5 }),
    command('guest-file-write', { handle: 1001, 'buf-b64': 'YQ' }),
    command('guest-file-flush', { handle: 5 }),
    command('guest-set-vcpus', { vcpus: [] }),
    command('guest-set-vcpus', { vcpus: [{ 'logical-id': 0 }] }),
    command('guest-set-vcpus', { vcpus: [{ 'logical-id': 0, online: true, x: 1 }] }),
    command('guest-set-memory-blocks', { 'mem-blks': [] }),
    command('guest-set-memory-blocks', { 'mem-blks': [{ 'phys-index': 99_999, online: true }] }),
    command('guest-set-user-password', { username: 'a', password: 'YQph', crypted: false }),
    command('guest-set-user-password', { username: 'a:b', password: 'YQ==', crypted: false }),
    command('guest-ssh-add-authorized-keys', { username: 'nobody', keys: ['#x'] }),
    command('guest-fsfreeze-status'),
    command('guest-get-host-name'),
    command('guest-get-osinfo'),
    command('guest-get-timezone'),
    command('guest-get-users'),
    command('guest-get-memory-block-info'),
  ].map((request) => ({ request })),
  { request: command('guest-get-vcpus'), of: (answer) => byName(answer, 'logical-id') },
  { request: command('guest-get-memory-blocks'), of: (answer) => byName(answer, 'phys-index') },
  { request: command('guest-get-cpustats'), of: shape },
  {
    request: command('guest-network-get-interfaces'),
    of: (answer) =>
      rows(answer)
        .map(({ statistics, ...rest }) => JSON.stringify({ ...rest, statistics: statistics !== undefined }))
        .sort(),
  },
  {
    request: command('guest-get-disks'),
    of: (answer) =>
      rows(answer)
        .map(({ name, partition, dependencies }) => JSON.stringify({ name, partition, dependencies }))
        .sort(),
  },
  {
    request: command('guest-get-fsinfo'),
    of: (answer) =>
      rows(answer)
        .map(({ name, mountpoint, type, disk }) =>
          JSON.stringify({ name, mountpoint, type, disk: withoutSerial(disk) }),
        )
        .sort(),
  },
  {
    request: command('guest-get-diskstats'),
    of: (answer) =>
      rows(answer)
        .map(({ name, major, minor }) => JSON.stringify({ name, major, minor }))
        .sort(),
  },
  {
    request: command('guest-exec', { path: '/nope' }),
    differs: 'before 10.0 the text began with "Guest agent command failed"',
    alikeSince: 10,
  },
  {
    request: command('guest-exec-status', { pid: 999_999 }),
    differs: 'before 10.0 it was "Invalid parameter \'pid\'"; since then the pid is printed wrongly, here rightly',
  },
  {
    request: command('guest-exec', { path: '/bin/true', 'capture-output': 3 }),
    differs: 'the argument has had other types than a boolean since 8.1',
    alikeSince: 8.1,
  },
  { request: command('guest-get-load'), differs: 'the command came with 10.0' },
  { request: command('guest-network-get-route'), differs: 'the command came with 9.1' },
  {
    request: command('guest-shutdown', { mode: 'x' }),
    differs: 'the text lacked its closing parenthesis',
  },
];

describe('answers of the agent beside those of Debian’s qemu-ga', async () => {
  const skip = (await missingReference()) ?? false;
  if (skip !== false) {
    it('the same requests get the same answers', { skip }, () => undefined);
    return;
  }
  let ours: RunningAgent;
  let theirs: ReferenceAgent;
  before(
    async () => {
      await buildAgent();
      ours = await RunningAgent.start();
      theirs = await ReferenceAgent.start();
    },
    { timeout: 180_000 },
  );
  after(async () => {
    await ours[Symbol.asyncDispose]();
    await theirs[Symbol.asyncDispose]();
  });

  for (const { request, of, differs, alikeSince } of comparisons)
    it(`the agent and qemu-ga answer ${JSON.stringify(request.slice(0, 90))} ${differs === undefined ? 'alike' : 'differently'}`, async () => {
      const [here, there] = [await answersOf(ours.socket, request), await answersOf(theirs.socket, request)];
      const view = (lines: readonly string[]): unknown =>
        of === undefined ? lines : of(JSON.parse(lines[1] ?? '') as Json);
      const isAlike = differs === undefined || (alikeSince !== undefined && (await versionOf(theirs)) >= alikeSince);
      if (isAlike) assert.deepEqual(view(here), view(there));
      else assert.notDeepEqual(view(here), view(there));
    });
});

/** "7.2.22" is 7.2. */
async function versionOf({ socket }: ReferenceAgent): Promise<number> {
  const [, line = ''] = await answersOf(socket, command('guest-info'));
  const { return: info } = JSON.parse(line) as { readonly return: { readonly version: string } };
  return Number.parseFloat(info.version);
}

/** All lines that a request gets, up to the answer to a guest-sync after it. */
async function answersOf(path: string, request: string): Promise<string[]> {
  await using qga = await QgaSocket.open(path);
  const sync = '{"execute":"guest-sync","arguments":{"id":424242}}\n';
  // The byte 0xFF says that this is QGA, and ends what the request may have left unfinished.
  await qga.write(Buffer.from(`\xff${request}\n\xff${sync}`, 'latin1'));
  const lines: string[] = [];
  for (;;) {
    const line = await qga.line();
    if (line === '{"return": 424242}') return lines;
    lines.push(line);
  }
}
