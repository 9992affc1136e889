import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { makeUser, sessionOf } from '../access/testing/test-users.ts';
import { allMethods } from './testing/all-methods.ts';
import { callJson } from './testing/call-json.ts';
import { type ServedApi, serveApi } from './testing/serve-api.ts';

/** Every list of the control plane's API: its method, and the field of its answer that is the list. */
const lists = allMethods
  .filter(({ name, parent }) => name.startsWith('List') && parent.file.proto.package === 'innkeeper.control.v1')
  .map((method) => ({
    method,
    name: `${method.parent.name}/${method.name}`,
    items:
      method.output.fields.find(({ fieldKind, name }) => fieldKind === 'list' && name !== 'known_privileges')
        ?.jsonName ?? '',
  }));

describe('lists', () => {
  let api: ServedApi;
  let base: string;
  let admin: Record<string, string>;
  let seller: Record<string, string>;
  before(async () => {
    api = await serveApi({});
    await api.access.users.createFirst();
    admin = { ...(await sessionOf(api.access, 'admin')) };
    base = await api.listenTcp();
    for (const name of ['one', 'two', 'three']) await api.createVm(name, { agent: false, tags: { [name]: '' } });
    for (const name of ['anna', 'bert']) await makeUser(api.access, name, ['vm.view']);
    await makeUser(api.access, 'seller', ['vm.view'], { scope: 'tag:two' });
    seller = { ...(await sessionOf(api.access, 'seller')) };
    for (const name of ['a', 'b', 'c']) {
      await callJson(base, 'AccessService/CreateToken', { name, privileges: ['vm.view'] }, admin);
      await sessionOf(api.access, 'admin');
      const started = await callJson(base, 'RunService/StartRun', { vms: ['one'], spec: { argv: ['true'] } }, admin);
      assert.equal(started.status, 200);
      const { node } = api;
      await node.operations.finished((await node.images.build('tiny', name, false)).id, AbortSignal.timeout(10_000));
    }
  });
  after(() => api[Symbol.asyncDispose]());

  const ask = (name: string, request: object, headers = admin) =>
    callJson(base, name, name === 'TerminalService/ListTerminals' ? { vm: 'one', ...request } : request, headers);

  it('all have page_size, page_token and next_page_token', () => {
    const names = (fields: readonly { readonly name: string }[]): string => fields.map(({ name }) => name).join(' ');
    const odd = lists.filter(
      ({ method }) =>
        !/page_size.* page_token|page_size page_token/.test(names(method.input.fields)) ||
        !names(method.output.fields).includes('next_page_token'),
    );
    assert.deepEqual(
      odd.map(({ name }) => name),
      [],
    );
    assert.ok(lists.length >= 12);
  });

  for (const { name, items } of lists) {
    it(`give the same one by one as at once: ${name}`, async () => {
      const whole = (await ask(name, { pageSize: 1000 })).body;
      const single: unknown[] = [];
      for (let pageToken = ''; ; ) {
        const { status, body } = await ask(name, { pageSize: 1, pageToken });
        assert.equal(status, 200, JSON.stringify(body));
        const page = (body[items] ?? []) as unknown[];
        assert.ok(page.length <= 1);
        single.push(...page);
        pageToken = String(body['nextPageToken'] ?? '');
        if (pageToken === '') break;
      }
      const ids = (all: unknown): unknown[] =>
        ((all ?? []) as Record<string, unknown>[]).map(({ id, name: own }) => id ?? own);
      // What is asked is itself in the audit.
      assert.deepEqual(ids(single), ids(whole[items]));
      assert.equal(whole['nextPageToken'], undefined);
    });

    it(`refuse a page that is too large, and a token that is not theirs: ${name}`, async () => {
      for (const request of [{ pageSize: 1001 }, { pageToken: 'nonsense' }, { pageToken: 'YWZ0ZXIgeHg' }]) {
        const { status, reason } = await ask(name, request);
        assert.deepEqual([status, reason], [400, 'INVALID_ARGUMENT'], JSON.stringify(request));
      }
    });
  }

  it('fill each page with what the caller may see', async () => {
    const whole = (await ask('VmService/ListEvents', {}, seller)).body;
    const all = whole['events'] as { vmName: string }[];
    assert.ok(all.length >= 2 && all.every(({ vmName }) => vmName === 'two'));
    const { body } = await ask('VmService/ListEvents', { pageSize: all.length - 1 }, seller);
    assert.equal((body['events'] as unknown[]).length, all.length - 1);
    const rest = await ask('VmService/ListEvents', { pageToken: body['nextPageToken'] }, seller);
    assert.equal((rest.body['events'] as unknown[]).length, 1);
  });

  it('still take what older clients call the number of entries', async () => {
    for (const name of ['VmService/ListEvents', 'OperationService/ListOperations', 'RunService/ListRuns'])
      assert.equal(
        ((await ask(name, { limit: 1 })).body[lists.find((each) => each.name === name)?.items ?? ''] as unknown[])
          .length,
        1,
      );
  });
});

describe('creating a VM with an id', () => {
  it('returns the same operation when it is repeated, and is refused for another VM', async () => {
    await using api = await serveApi({});
    await api.access.users.createFirst();
    const base = await api.listenTcp();
    const admin = { ...(await sessionOf(api.access, 'admin')) };
    const create = (request: object) => callJson(base, 'VmService/CreateVm', request, admin);
    const wanted = { name: 'one', image: 'tiny', id: 'build-17', tags: { a: 'b' } };
    const [first, second] = await Promise.all([create(wanted), create(wanted)]);
    assert.deepEqual([first.status, first.body['id'], second.body['id']], [200, 'build-17', 'build-17']);
    await api.node.operations.finished('build-17', AbortSignal.timeout(10_000));
    const third = await create(wanted);
    assert.deepEqual([third.body['id'], third.body['state']], ['build-17', 'OPERATION_STATE_SUCCEEDED']);
    assert.equal(api.node.list().length, 1);
    for (const other of [{ name: 'two' }, { tags: {} }, { cpus: 2 }, { memoryBytes: String(512 * 1024 * 1024) }])
      assert.equal((await create({ ...wanted, ...other })).reason, 'OPERATION_ID_TAKEN', JSON.stringify(other));
    assert.equal((await create({ ...wanted, id: 'a b' })).reason, 'INVALID_ARGUMENT');
  });
});
