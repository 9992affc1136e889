import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Store } from '../open-store.ts';
import { operation } from './rows.ts';

/** What every database must do with nodes. `open` returns an empty database each time. */
export function describeNodes(name: string, open: () => Promise<Store>): void {
  describe(`${name}: nodes`, () => {
    it('lists the nodes by name, each with its last description, and none that another replaced', async () => {
      await using store = await open();
      const node = { id: 'b', name: 'beta', description: '{}', started_ms: 2 ** 41, seen_ms: 2 ** 41 };
      for (const row of [node, { ...node, id: 'a', name: 'alpha' }, { ...node, id: 'c', name: 'former' }])
        await store.nodes.save(row);
      await store.nodes.save({ ...node, description: '{"pid":1}', seen_ms: 2 ** 41 + 5 });
      await store.nodes.takeOver('b', 'c');
      assert.deepEqual(
        (await store.nodes.list()).map((row) => ({ ...row })),
        [
          { ...node, id: 'a', name: 'alpha' },
          { ...node, description: '{"pid":1}', seen_ms: 2 ** 41 + 5 },
        ],
      );
    });

    it('lists events, operations and runs of one node alone', async () => {
      await using store = await open();
      const run = { user_name: 'me', title: '', spec: '{}', state: 'failed', started_ms: 1, ended_ms: 2 };
      for (const node_id of ['n', 'm']) {
        await store.operations.save({ ...operation, state: 'succeeded', ended_ms: 2, id: `o-${node_id}`, node_id });
        await store.events.insert({ time_ms: 1, vm_id: 'a', kind: 'vm.started', message: '', node_id });
        await store.runs.insert({ ...run, id: `r-${node_id}`, node_id }, []);
      }
      const lists = [
        store.operations.list(9, undefined, 'm'),
        store.events.list('a', 9, undefined, 'm'),
        store.events.list(undefined, 9, undefined, 'm'),
      ];
      for (const rows of [...(await Promise.all(lists)), await store.runs.list({ limit: 9, nodeId: 'm' })])
        assert.deepEqual(
          rows.map(({ node_id }) => node_id),
          ['m'],
        );
    });
  });
}
