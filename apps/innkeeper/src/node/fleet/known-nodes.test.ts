import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { create, toJsonString } from '@bufbuild/protobuf';
import { NodeSchema } from '@innkeeper/contract/control';
import { silentLog } from '@innkeeper/kit';
import { makeUser, sessionOf } from '../../access/testing/test-users.ts';
import { callJson } from '../../api/testing/call-json.ts';
import { serveApi } from '../../api/testing/serve-api.ts';
import { listenForControl, serveRelay } from '../../relay/testing/serve-relay.ts';
import { createLocalNode } from '../local-node.ts';
import { keepKnown } from './known-nodes.ts';

const other = {
  id: 'other',
  name: 'other-host',
  description: toJsonString(NodeSchema, create(NodeSchema, { id: 'other', version: '0.9', accelerator: 'kvm' })),
  started_ms: 1,
  seen_ms: 1_700_000_000_000,
};
type Listed = { id: string; node: string; version?: string; accelerator?: string; lastSeenUnixNs?: string };

describe('the nodes that a database knows', { timeout: 60_000 }, () => {
  it('are listed: the one that answers as it is, the others as they were last seen', async () => {
    await using api = await serveApi({});
    const base = await api.listenTcp();
    await makeUser(api.access, 'ann', ['vm.view']);
    await api.store.nodes.save(other);
    const describeLocal = () => createLocalNode(api.node).describe();
    using _kept = await keepKnown(describeLocal, { store: api.store, log: silentLog });
    const headers = { ...(await sessionOf(api.access, 'ann')) };
    const { body } = await callJson(base, 'NodeService/ListNodes', {}, headers);
    const [own, second, ...more] = body['nodes'] as Listed[];
    assert.deepEqual([own?.id, own?.lastSeenUnixNs], ['api-node', undefined]);
    assert.deepEqual(second, {
      id: 'other',
      name: 'other-host',
      version: '0.9',
      accelerator: 'kvm',
      lastSeenUnixNs: '1700000000000000000',
    });
    assert.deepEqual(more, []);
  });

  it('are listed by a control plane as they were last seen while its node does not answer', async () => {
    await using api = await serveApi({});
    await listenForControl(api);
    await makeUser(api.access, 'ann', ['vm.view']);
    using _kept = await keepKnown(() => createLocalNode(api.node).describe(), { store: api.store, log: silentLog });
    await using relay = await serveRelay(api);
    const headers = { ...(await sessionOf(api.access, 'ann')) };
    await api.server[Symbol.asyncDispose]();
    const { body } = await callJson(relay.base, 'NodeService/ListNodes', {}, headers);
    const [node, ...more] = body['nodes'] as Listed[];
    assert.deepEqual([node?.id, node?.version, more], ['api-node', '1.0.0', []]);
    assert.ok(Number(node?.lastSeenUnixNs) > 1.7e18);
    assert.equal((await callJson(relay.base, 'NodeService/GetNode', {}, headers)).reason, 'NODE_UNREACHABLE');
  });

  it('narrow every list that says on which node a thing is', async () => {
    await using api = await serveApi({});
    const base = await api.listenTcp();
    await makeUser(api.access, 'ann', ['vm.view', 'guest.exec']);
    const headers = { ...(await sessionOf(api.access, 'ann')) };
    await api.createVm('one', { agent: false });
    const { store } = api;
    const run = { id: 'r', user_name: 'ann', title: '', spec: '{}', state: 'succeeded', started_ms: 1, ended_ms: 2 };
    const target = {
      run_id: 'r',
      vm_id: api.node.get('one').row.id,
      vm_name: 'one',
      state: 'succeeded',
      exited: null,
      error: null,
      kept_bytes: 0,
      next_offset: 0,
      started_ms: 1,
      ended_ms: 2,
    };
    await store.runs.insert({ ...run, node_id: 'api-node' }, [target]);
    const lists = {
      'OperationService/ListOperations': 'operations',
      'VmService/ListEvents': 'events',
      'ImageService/ListImages': 'images',
      'RunService/ListRuns': 'runs',
    };
    for (const [method, field] of Object.entries(lists)) {
      for (const [node, isThere] of [
        ['', true],
        ['api-node', true],
        ['other', false],
      ] as const) {
        const { body } = await callJson(base, method, { node }, headers);
        const found = (body[field] ?? []) as Listed[];
        assert.equal(found.length > 0, isThere, `${method} of "${node}"`);
        assert.ok(found.every((each) => each.node === 'api-node'));
      }
    }
    for (const [filter, names] of [
      ['node:api-node', ['one']],
      ['!node:api-node', []],
    ] as const) {
      const { body } = await callJson(base, 'VmService/ListVms', { filter }, headers);
      assert.deepEqual(
        ((body['vms'] ?? []) as { name: string }[]).map(({ name }) => name),
        names,
      );
    }
  });
});
