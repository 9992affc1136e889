import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { create, fromBinary } from '@bufbuild/protobuf';
import { LiveEventSchema, LiveRequestSchema } from '@innkeeper/contract/control';
import { Listeners } from '@innkeeper/kit';
import { createLocalNode } from '../../node/local-node.ts';
import type { NodeApi } from '../../ports/node-api.ts';
import { type ServedApi, serveApi } from '../testing/serve-api.ts';
import { type LiveSource, openTopic } from './live-topics.ts';
import { type SharedSource, SharedTopics } from './shared-topics.ts';

describe('a live topic of one VM', () => {
  let api: ServedApi;
  before(async () => {
    api = await serveApi({});
    await api.createVm('web-1', { agent: false });
  });
  after(() => api[Symbol.asyncDispose]());

  for (const topic of ['vm', 'events'] as const)
    it(`a live topic of one VM is woken only by changes of that VM: "${topic}"`, async () => {
      const node = createLocalNode(api.node);
      const deaf: NodeApi = {
        ...node,
        vms: { ...node.vms, onChange: () => assert.fail('it subscribes to the changes of every VM') },
      };
      const request = create(LiveRequestSchema, { id: 1, request: { case: topic, value: { vm: 'web-1' } } });
      const source = sourceOver(deaf, 'all', new SharedTopics());
      const over = new AbortController();
      for await (const bytes of openTopic(source, request, over.signal)) {
        assert.equal(fromBinary(LiveEventSchema, bytes).event.case, topic);
        break;
      }
    });
});

describe('a live topic of several viewers', { timeout: 60_000 }, () => {
  let api: ServedApi;
  const changes = new Listeners<string>();
  /** Tells of changes only when the test says so. */
  let node: NodeApi;
  before(async () => {
    api = await serveApi({});
    for (const name of ['web-1', 'web-2']) await api.createVm(name, { agent: false });
    const local = createLocalNode(api.node);
    node = { ...local, vms: { ...local.vms, onChange: changes.add } };
  });
  after(() => api[Symbol.asyncDispose]());

  const request = create(LiveRequestSchema, { id: 1, request: { case: 'listVms', value: {} } });

  it('is encoded once for all who may see the same, and for them alone, at each change', async () => {
    let encodings = 0;
    const topics = new SharedTopics();
    const follow = topics.follow.bind(topics);
    topics.follow = (key, source, signal) =>
      follow(
        key,
        () => {
          const { look, onChange } = source();
          return { onChange, look: () => look().finally(() => encodings++) };
        },
        signal,
      );
    const over = new AbortController();
    const open = (rights: string): AsyncGenerator<Uint8Array> =>
      openTopic(sourceOver(node, rights, topics), request, over.signal);
    const same = Array.from({ length: 20 }, () => open('all'));
    const other = open('few');
    const next = (): Promise<unknown[]> =>
      Promise.all([...same, other].map(async (frames) => (await frames.next()).value));
    for (const expected of [2, 4]) {
      const frames = await next();
      assert.equal(encodings, expected, 'one for each set of rights');
      assert.equal(new Set(frames).size, 2, 'all of a set have the same bytes, not equal ones');
      await api.createVm(`more-${expected}`, { agent: false });
      changes.emit('');
    }
    for (const frames of [...same, other]) await frames.return(undefined);
    assert.equal(topics.size, 0);
  });

  it('is looked at again at once for a viewer that comes after a change', async () => {
    const topics = new SharedTopics();
    let count = 0;
    const changes = new Set<() => void>();
    const source = (): SharedSource => ({
      look: async () => Uint8Array.of(count),
      onChange: (listener) => {
        changes.add(listener);
        return () => changes.delete(listener);
      },
    });
    const { signal } = new AbortController();
    const early = topics.follow('key', source, signal);
    assert.deepEqual((await early.next()).value, Uint8Array.of(0));
    count = 1;
    for (const changed of changes) changed();
    const late = topics.follow('key', source, signal);
    assert.deepEqual((await late.next()).value, Uint8Array.of(1));
    assert.deepEqual((await early.next()).value, Uint8Array.of(1));
    await early.return(undefined);
    await late.return(undefined);
    assert.deepEqual([topics.size, changes.size], [0, 0]);
  });

  it('is sent again when the rights of its viewer change, and never with the former rights', async () => {
    const topics = new SharedTopics();
    const { id } = api.node.get('web-2').row;
    let key = 'all';
    const source: LiveSource = {
      ...sourceOver(node, key, topics),
      rights: () => ({
        key,
        viewer: { seesEverything: key === 'all', sees: (vm) => key === 'all' || vm.id === id },
        may: () => true,
      }),
    };
    const frames = openTopic(source, request, new AbortController().signal);
    const names = async (): Promise<string[]> => {
      const { event } = fromBinary(LiveEventSchema, (await frames.next()).value ?? assert.fail('it ended'));
      assert.ok(event.case === 'listVms');
      return event.value.vms.map(({ name }) => name);
    };
    assert.ok((await names()).includes('web-1'));
    key = 'few';
    await api.createVm('another', { agent: false });
    changes.emit('');
    assert.deepEqual(await names(), ['web-2']);
    await frames.return(undefined);
  });
});

function sourceOver(node: NodeApi, key: string, topics: SharedTopics): LiveSource {
  return {
    node,
    topics,
    user: 'me',
    rights: () => ({ key, viewer: { seesEverything: true, sees: () => true }, may: () => true }),
    watchRun: () => assert.fail('no run was asked for'),
    watchFolder: () => assert.fail('no folder was asked for'),
  };
}
