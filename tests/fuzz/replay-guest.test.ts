import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { create, type DescMessage, type MessageInitShape, type MessageShape, toJsonString } from '@bufbuild/protobuf';
import type { AgentLink } from '@innkeeper/agent-client';
import {
  AccountKeysSchema,
  ListAccountsRequestSchema,
  ListAccountsResponseSchema,
  ListContainersResponseSchema,
  ListPackagesRequestSchema,
  ListPackagesResponseSchema,
  type LogBatch,
} from '@innkeeper/contract/agent';
import { AccountServiceLite, InventoryServiceLite, LogServiceLite, LogSource } from '@innkeeper/contract/agent-lite';
import { buildAgent } from '../../apps/agent/testing/running-agent.ts';
import { listKeys } from '../../packages/agent-core/src/account/authorized-keys.ts';
import { listAccounts } from '../../packages/agent-core/src/inventory/accounts.ts';
import { listContainers } from '../../packages/agent-core/src/inventory/containers.ts';
import { listPackages } from '../../packages/agent-core/src/inventory/packages.ts';
import { FakeRoot, whyNotHarmless } from '../conformance/fake-root/fake-root.ts';
import { readCorpus } from './engine/corpus-file.ts';
import { guestWith, textsOf } from './parsers/fake-guest.ts';
import { connectionOf } from './parsers/guest-system.ts';

const { signal } = new AbortController();
const mayGrowKib = 1024;

/** One input, for the agent’s binary in a root of files and for the same TypeScript on a fake host. */
interface Guests {
  readonly link: AgentLink;
  readonly root: FakeRoot;
  readonly bytes: Uint8Array;
}

/** The answer of the agent's binary must be that of the same code on Node. */
function checkSame<Desc extends DescMessage>(schema: Desc, real: MessageShape<Desc>, wanted: MessageInitShape<Desc>) {
  assert.equal(toJsonString(schema, real), toJsonString(schema, create(schema, wanted)));
}

/** Puts a file in both. */
function put({ root, bytes }: Guests, path: string, content: string | Uint8Array = bytes) {
  root.put(path, content);
  return guestWith({ [path]: content });
}

async function packages(guests: Guests, path: string): Promise<void> {
  const host = put(guests, path);
  try {
    const real = await guests.link.call(InventoryServiceLite.listPackages, {});
    // An empty file is no database; another one may be there.
    if (guests.bytes.length === 0) return;
    const request = create(ListPackagesRequestSchema);
    checkSame(ListPackagesResponseSchema, real, await listPackages(host, request, signal));
  } finally {
    rmSync(join(guests.root.folder, path));
  }
}

async function* once<T>(value: T): AsyncGenerator<T> {
  yield value;
}

/** Reads logs to their end, or to an error that the agent gives for them. */
async function drain(batches: AsyncIterable<LogBatch>): Promise<string[]> {
  const messages: string[] = [];
  for await (const { entries } of batches) messages.push(...entries.map(({ message }) => message));
  return messages;
}

const replays: Readonly<Record<string, (guests: Guests) => Promise<void>>> = {
  'dpkg-status': (guests) => packages(guests, '/var/lib/dpkg/status'),
  'passwd-and-group': async ({ link, root, bytes }) => {
    const [users = '', groups = ''] = textsOf(bytes, 2);
    root.put('/etc/passwd', users);
    root.put('/etc/group', groups);
    const host = guestWith({ '/etc/passwd': users, '/etc/group': groups });
    const real = await link.call(InventoryServiceLite.listAccounts, {});
    checkSame(ListAccountsResponseSchema, real, listAccounts(host, create(ListAccountsRequestSchema)));
  },
  'authorized-keys': async (guests) => {
    guests.root.put('/etc/passwd', 'ana:x:0:0::/home/ana:/bin/sh\n');
    const host = put(guests, '/home/ana/.ssh/authorized_keys');
    const account = { name: 'ana', uid: 0, gid: 0, home: '/home/ana', shell: '/bin/sh' };
    const real = await guests.link.call(AccountServiceLite.listKeys, { user: 'ana' });
    checkSame(AccountKeysSchema, real, listKeys(host, account));
  },
  'container-list': async ({ link, root, bytes }) => {
    const server = createServer((socket) => socket.on('error', () => undefined).end(bytes));
    const path = join(root.folder, 'run/docker.sock');
    await new Promise<void>((resolve) => server.listen(path, resolve));
    try {
      const host = guestWith({ '/run/docker.sock': '' });
      host.network.connect = async () => connectionOf(bytes);
      const real = await link.call(InventoryServiceLite.listContainers, {});
      const wanted = { runtimes: await listContainers(host, signal) };
      // Engines word their errors differently.
      if (!wanted.runtimes.some(({ missing = '' }) => /JSON|token/.test(missing)))
        checkSame(ListContainersResponseSchema, real, wanted);
    } finally {
      server.close();
    }
  },
  'file-log': async ({ link, root, bytes }) => {
    root.put('/var/log/x', bytes);
    const request = { path: '/var/log/x', lines: 3 };
    assert.ok((await drain(link.stream(LogServiceLite.readFile, once(request)))).length <= 3);
  },
  'journal-entries': async ({ link, root, bytes }) => {
    root.put('/shown', bytes);
    await drain(link.stream(LogServiceLite.read, once({ source: LogSource.JOURNAL })));
  },
};

describe('the corpus of guest texts, read by the binary of an agent', {
  skip: whyNotHarmless ?? false,
  timeout: 280_000,
}, () => {
  let root: FakeRoot;
  let link: AgentLink;
  before(async () => {
    await buildAgent();
    root = await FakeRoot.create();
    root.putProgram('/bin/journalctl', 'cat /shown');
    // As where systemd-journald runs, also on a machine without it.
    root.put('/run/systemd/journal/socket', '');
    link = await root.start({ harmless: true });
    await link.ping();
  });
  after(() => root[Symbol.asyncDispose]());

  for (const [name, replay] of Object.entries(replays))
    it(`the agent’s binary reads the corpus of ${name} as its TypeScript does on Node`, async () => {
      for (const bytes of readCorpus(name)) await replay({ link, root, bytes });
    });

  it('after all of them, read again, the agent answers and did not grow', async () => {
    const before = await root.agent.status('VmRSS');
    for (const [name, replay] of Object.entries(replays))
      for (const bytes of readCorpus(name)) await replay({ link, root, bytes });
    await link.ping();
    const grown = (await root.agent.status('VmRSS')) - before;
    assert.ok(grown <= mayGrowKib, `it grew by ${grown} KiB`);
  });
});
