import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { MessageInitShape } from '@bufbuild/protobuf';
import { ConnectError, createClient } from '@connectrpc/connect';
import { createConnectTransport, createGrpcTransport } from '@connectrpc/connect-node';
import { createAgent } from '@innkeeper/agent-core';
import { FakeHost, realClock } from '@innkeeper/agent-core/fake';
import {
  type ExecRequestSchema,
  FileService,
  ProcessService,
  type WriteFileRequestSchema,
} from '@innkeeper/contract/agent';
import { maxIdChars } from '@innkeeper/contract/limits';
import { silentLog } from '@innkeeper/kit';
import { makeUser, sessionOf } from '../access/testing/test-users.ts';
import { listenForControl, serveRelay } from '../relay/testing/serve-relay.ts';
import { callJson } from './testing/call-json.ts';
import { type ServedApi, serveApi } from './testing/serve-api.ts';

const unrefClock = realClock({
  setTimeout: (callback, delayMs) => setTimeout(callback, delayMs).unref(),
  clearTimeout: (timer) => clearTimeout(timer as NodeJS.Timeout),
});

async function* streamOf<T>(...all: readonly T[]): AsyncGenerator<T> {
  yield* all;
}

function reasonOf(error: unknown): string | null {
  assert.ok(error instanceof ConnectError, String(error));
  return error.metadata.get('x-innkeeper-reason');
}

/** The daemon itself, and a control plane that relays to it. */
const servers = {
  'the daemon': (api: ServedApi) => api.listenTcp(),
  'a control plane and its node': async (api: ServedApi, stack: AsyncDisposableStack) => {
    await listenForControl(api);
    return stack.use(await serveRelay(api)).base;
  },
};

for (const [name, open] of Object.entries(servers))
  describe(`a call to an agent through ${name}`, { timeout: 120_000 }, () => {
    const stack = new AsyncDisposableStack();
    const guest = new FakeHost({ clock: unrefClock });
    let api: ServedApi;
    let base: string;
    let admin: Record<string, string>;

    before(async () => {
      const agent = createAgent(guest, silentLog);
      api = await serveApi({
        startAgent: (channel, { signal }) => void agent.serveChannel(channel, 'native', signal).catch(() => undefined),
      });
      await api.createVm('one');
      await api.access.users.createFirst();
      admin = { ...(await sessionOf(api.access, 'admin')) };
      base = await open(api, stack);
      guest.files.put('/d/a', 'content');
    });
    after(async () => {
      await stack.disposeAsync();
      await api[Symbol.asyncDispose]();
    });

    it(`a call to an agent through ${name} names its VM in the path or in the header`, async () => {
      const stat = 'innkeeper.agent.v1.FileService/Stat';
      const byPath = await callJson(`${base}/v1/vms/one`, stat, { path: '/d/a' }, admin);
      const byHeader = await callJson(base, stat, { path: '/d/a' }, { ...admin, 'innkeeper-vm': 'one' });
      assert.equal(byPath.body['sizeBytes'], '7');
      assert.deepEqual(byHeader.body, byPath.body);
      // The path takes precedence over a header that differs.
      const both = await callJson(`${base}/v1/vms/nobody`, stat, { path: '/d/a' }, { ...admin, 'innkeeper-vm': 'one' });
      assert.equal(both.reason, 'VM_NOT_FOUND');
      for (const headers of [admin, { ...admin, 'innkeeper-vm': '%zz' }])
        assert.equal((await callJson(base, stat, { path: '/d/a' }, headers)).reason, 'INVALID_ARGUMENT');
    });

    it(`a call to an agent through ${name} works for gRPC clients, including bidirectional streams`, async () => {
      const transport = createGrpcTransport({ baseUrl: base });
      const headers = { ...admin, 'innkeeper-vm': 'one' };
      const files = createClient(FileService, transport);
      assert.equal((await files.stat({ path: '/d/a' }, { headers })).sizeBytes, 7n);
      let text = '';
      for await (const { event } of files.read({ path: '/d/a' }, { headers }))
        if (event.case === 'chunk') text += Buffer.from(event.value.data).toString();
      assert.equal(text, 'content');
      const upload = streamOf<MessageInitShape<typeof WriteFileRequestSchema>>(
        { input: { case: 'open', value: { path: '/d/b' } } },
        { input: { case: 'chunk', value: { data: Buffer.from('new') } } },
        { input: { case: 'commit', value: {} } },
      );
      const events: (string | undefined)[] = [];
      for await (const { event } of files.write(upload, { headers })) events.push(event.case);
      assert.deepEqual(events, ['opened', 'done']);
      assert.equal((await files.stat({ path: '/d/b' }, { headers })).sizeBytes, 3n);
    });

    it(`a call to an agent through ${name} runs a command and returns its exit code`, async () => {
      const commands = createClient(ProcessService, createConnectTransport({ baseUrl: base, httpVersion: '2' }));
      const start = streamOf<MessageInitShape<typeof ExecRequestSchema>>({
        input: { case: 'start', value: { id: 'one', argv: ['sh', '-c', 'echo hi; exit 3'] } },
      });
      let output = '';
      let exitCode: unknown;
      for await (const { event } of commands.exec(start, { headers: { ...admin, 'innkeeper-vm': 'one' } })) {
        if (event.case === 'output') output += Buffer.from(event.value.data).toString();
        if (event.case === 'exited') exitCode = event.value.status.value;
      }
      assert.deepEqual([output, exitCode], ['hi\n', 3]);
      const [entry] = await api.store.audit.list({ action: 'guest.exec', limit: 1 });
      assert.match(entry?.parameters ?? '', /echo hi/);
    });

    it(`a token with allowed commands cannot start others or access others’ processes through ${name}`, async () => {
      const wanted = { name: `t-${base}`, privileges: ['vm.view', 'guest.exec'], allowedCommands: ['/bin/sh -c echo'] };
      const { body } = await callJson(base, 'AccessService/CreateToken', wanted, admin);
      const headers = { authorization: `Bearer ${String(body['secret'])}`, 'innkeeper-vm': 'one' };
      const commands = createClient(ProcessService, createConnectTransport({ baseUrl: base, httpVersion: '2' }));
      const ask = async (input: NonNullable<MessageInitShape<typeof ExecRequestSchema>['input']>): Promise<string> => {
        try {
          for await (const { event } of commands.exec(streamOf({ input }), { headers }))
            if (event.case === 'started') return event.value.id;
          return 'nothing';
        } catch (error) {
          return String(reasonOf(error));
        }
      };
      assert.match(
        await ask({ case: 'start', value: { id: 'a', argv: ['/bin/sh', '-c', 'echo'] } }),
        /^[0-9a-f]{16}-a$/,
      );
      assert.equal(await ask({ case: 'start', value: { id: 'a', argv: ['id'] } }), 'COMMAND_NOT_ALLOWED');
      assert.equal(await ask({ case: 'start', value: { id: 'a', shellCommand: 'id' } }), 'COMMAND_NOT_ALLOWED');
      assert.equal(await ask({ case: 'attach', value: { id: 'one' } }), 'EXEC_NOT_FOUND');
      assert.equal(await ask({ case: 'attach', value: { id: 'x'.repeat(maxIdChars) } }), 'INVALID_ARGUMENT');
      const signal = { id: 'one', signal: 9 };
      const killed = await callJson(base, 'innkeeper.agent.v1.ProcessService/Signal', signal, headers);
      assert.equal(killed.reason, 'EXEC_NOT_FOUND');
    });

    it(`a call to an agent through ${name} is refused to callers who see the VM but lack the privilege`, async () => {
      await makeUser(api.access, `viewer-${name}`.replaceAll(' ', '-'), ['vm.view']);
      const viewer = { ...(await sessionOf(api.access, `viewer-${name}`.replaceAll(' ', '-'))) };
      const refused = await callJson(`${base}/v1/vms/one`, 'innkeeper.agent.v1.FileService/Stat', {}, viewer);
      assert.equal(refused.reason, 'PRIVILEGE_MISSING');
    });
  });
