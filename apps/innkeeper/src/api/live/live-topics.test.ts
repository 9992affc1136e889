import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { create } from '@bufbuild/protobuf';
import { LiveRequestSchema } from '@innkeeper/contract/control';
import { createLocalNode } from '../../node/local-node.ts';
import type { NodeApi } from '../../ports/node-api.ts';
import { type ServedApi, serveApi } from '../testing/serve-api.ts';
import { openTopic } from './live-topics.ts';

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
      const source = {
        node: deaf,
        viewer: { seesEverything: true, sees: () => true },
        may: () => true,
        watchRun: () => assert.fail('no run was requested'),
      };
      const over = new AbortController();
      for await (const event of openTopic(source, request, over.signal)) {
        assert.equal(event.case, topic);
        break;
      }
    });
});
