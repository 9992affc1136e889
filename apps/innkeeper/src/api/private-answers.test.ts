import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, describe, it } from 'node:test';
import { create, toBinary } from '@bufbuild/protobuf';
import { createAgent } from '@innkeeper/agent-core';
import { FakeHost, realClock } from '@innkeeper/agent-core/fake';
import { LiveRequestSchema } from '@innkeeper/contract/control';
import { isChange, methodName } from '@innkeeper/contract/rules';
import { silentLog } from '@innkeeper/kit';
import { until } from '@innkeeper/kit/testing';
import { WebSocket } from 'ws';
import { makeUser, type SessionHeaders, sessionOf } from '../access/testing/test-users.ts';
import { isAgentMethod } from '../edge/method-target.ts';
import { httpRoutes } from '../edge/route-table.ts';
import { allMethods } from './testing/all-methods.ts';
import { callJson, type JsonAnswer } from './testing/call-json.ts';
import { type ServedApi, serveApi } from './testing/serve-api.ts';

/** Confidential texts, each where a guest or a user put it. */
const marks = {
  console: 'mark-console',
  arguments: 'mark-arguments',
  argv: 'mark-argv',
  title: 'mark-title',
  script: 'mark-script',
  environment: 'mark-environment',
  folder: 'mark-folder',
  error: 'mark-missing-program',
  file: 'mark-file',
};

describe('responses to users who may only see VMs', () => {
  const clock = realClock({
    setTimeout: (callback, delayMs) => setTimeout(callback, delayMs).unref(),
    clearTimeout: (timer) => clearTimeout(timer as NodeJS.Timeout),
  });
  const guest = new FakeHost({ clock });
  let api: ServedApi;
  let base: string;
  let vera: SessionHeaders;
  let admin: SessionHeaders;
  let runs: string[];
  before(async () => {
    const agent = createAgent(guest, silentLog);
    api = await serveApi({
      startAgent: (channel, machine) => {
        machine.print(`${marks.console}\r\n`);
        agent.serveChannel(channel, 'native', machine.signal).catch(() => undefined);
      },
    });
    base = await api.listenTcp();
    guest.files.put(`/srv/${marks.file}`, marks.file);
    guest.files.put('/proc/51/stat', `51 (sleep) S 1 1 1 0 -1 0 0 0 0 0 5 5 0 0 20 0 1 0 100 4096 10\n`);
    guest.files.put('/proc/51/cmdline', `sleep\0${marks.arguments}\0`);
    await api.createVm('one', { tags: { team: 'a' } });
    await makeUser(api.access, 'vera', ['vm.view']);
    [vera, admin] = [await sessionOf(api.access, 'vera'), await sessionOf(api.access, 'admin')];
    const specs = [
      { argv: ['echo', marks.argv], workingDirectory: `/${marks.folder}` },
      { argv: ['true'], title: marks.title, environment: { KEY: marks.environment } },
      { script: `: ${marks.script}` },
      { argv: [`/${marks.error}`] },
    ];
    runs = await Promise.all(
      specs.map(async (spec) => String((await ask('RunService/StartRun', { spec, vms: ['one'] }, admin)).body['id'])),
    );
    await Promise.all(runs.map(untilEnded));
  });
  after(() => api[Symbol.asyncDispose]());

  const ask = (method: string, request: object, headers: SessionHeaders): Promise<JsonAnswer> =>
    callJson(base, method, request, { ...headers, 'innkeeper-vm': 'one' });

  async function untilEnded(id: string): Promise<void> {
    await until(async () => {
      const { body } = await ask('RunService/GetRun', { id }, admin);
      return !['RUN_STATE_WAITING', 'RUN_STATE_RUNNING'].includes(String(body['state']));
    });
  }

  const requests = (): Readonly<Record<string, readonly object[]>> => ({
    'VmService/GetVm': [{ vm: 'one' }],
    'VmService/Diagnose': [{ vm: 'one' }],
    'VmService/ListEvents': [{}, { vm: 'one' }],
    'GuestProcessService/List': [{ kernelThreads: true }],
    'HistoryService/QueryHistory': [{ vm: 'one' }],
    'RunService/GetRun': runs.map((id) => ({ id })),
    'RunService/ListRuns': [{}, ...Object.values(marks).map((text) => ({ text }))],
  });

  async function everything(headers: SessionHeaders): Promise<string> {
    const texts: string[] = [];
    for (const method of allMethods.filter((each) => each.methodKind === 'unary' && !isChange(each))) {
      const name = methodName(method);
      if (!method.parent.typeName.startsWith('innkeeper.')) continue;
      for (const request of requests()[name] ?? [{}])
        texts.push(
          JSON.stringify(
            (await ask(isAgentMethod(method) ? `${method.parent.typeName}/${method.name}` : name, request, headers))
              .body,
          ),
        );
    }
    for (const { path, method } of httpRoutes) {
      if (method !== 'GET' && method !== 'HEAD') continue;
      const address = path.replace('{vm}', 'one').replace('{id}', runs[0] ?? '');
      const query = path.endsWith('/files') || path.endsWith('/tar') ? `?path=/srv/${marks.file}` : '?vm=one';
      const answer = await fetch(`${base}${address}${query}`, { method, headers: { ...headers } });
      texts.push(await answer.text(), JSON.stringify([...answer.headers]).replaceAll(address, ''));
    }
    texts.push(await liveText(headers));
    // Errors repeat paths and texts of the request, which could not be distinguished from a leak.
    return texts.filter((text) => !text.includes('PRIVILEGE_MISSING')).join('\n');
  }

  async function liveText(headers: SessionHeaders): Promise<string> {
    const socket = new WebSocket(`${base.replace('http', 'ws')}/v1/live`, {
      headers: { cookie: headers.cookie, origin: base },
    });
    const chunks: Buffer[] = [];
    const topics = [
      { case: 'listVms', value: {} },
      { case: 'vm', value: { vm: 'one' } },
      { case: 'fleet', value: {} },
      { case: 'operations', value: {} },
      { case: 'events', value: {} },
      ...runs.map((id) => ({ case: 'run', value: { id } }) as const),
    ] as const;
    const got = new Promise<void>((resolve) => {
      socket.on('message', (data: Buffer) => {
        chunks.push(data);
        if (chunks.length >= topics.length) resolve();
      });
    });
    await once(socket, 'open');
    for (const [id, request] of topics.entries()) {
      socket.send(toBinary(LiveRequestSchema, create(LiveRequestSchema, { id, request })));
    }
    await got;
    socket.terminate();
    return Buffer.concat(chunks).toString('latin1');
  }

  it('a user who may only see VMs gets nothing of consoles, command lines, runs and files by any method, route or live topic', async () => {
    const seen = await everything(vera);
    const leaked = Object.values(marks).filter((mark) => seen.includes(mark));
    assert.deepEqual(leaked, []);
    assert.match(seen, /"name":"sleep"/);
    assert.match(seen, /The guest printed on its serial console/);
  });

  it('an administrator gets all the confidential texts, so that the test checks the right places', async () => {
    const seen = await everything(admin);
    const missing = Object.values(marks).filter((mark) => !seen.includes(mark));
    assert.deepEqual(missing, []);
  });

  it('a token limited to certain commands gets no command lines of processes', async () => {
    const wanted = { name: 'ci', privileges: ['*'], allowedCommands: ['/bin/df'] };
    const { body } = await ask('AccessService/CreateToken', wanted, admin);
    const bearer = { authorization: `Bearer ${String(body['secret'])}` };
    const answer = await callJson(`${base}/v1/vms/one`, 'innkeeper.agent.v1.GuestProcessService/List', {}, bearer);
    assert.match(JSON.stringify(answer.body), /"name":"sleep"/);
    assert.doesNotMatch(JSON.stringify(answer.body), /mark-arguments/);
  });

  it('a user with vm.console gets console lines only of the VMs in their scope', async () => {
    await makeUser(api.access, 'cora', ['vm.view', 'vm.console'], { scope: 'tag:team=a' });
    await makeUser(api.access, 'dirk', ['vm.console'], { scope: 'tag:team=b' });
    const bindings = ['*', 'tag:team=b'].map((scope, index) => ({
      role: ['role-vera', 'role-dirk'][index] ?? '',
      scope,
    }));
    await api.access.users.change('dirk', { bindings });
    const diagnose = async (user: string): Promise<string> =>
      JSON.stringify((await ask('VmService/Diagnose', { vm: 'one' }, await sessionOf(api.access, user))).body);
    assert.match(await diagnose('cora'), /mark-console/);
    assert.doesNotMatch(await diagnose('dirk'), /mark-console/);
  });
});
