import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Store } from '../open-store.ts';
import { maxEvents, maxEventsOfVm } from '../repositories/events.ts';
import { describeNodes } from './describe-nodes.ts';
import { image, operation, target, terminal, vm } from './rows.ts';

/** Tests of the store for any database. `open` returns an empty one each time. */
export function describeStore(name: string, open: () => Promise<Store>): void {
  describeNodes(name, open);

  async function withVm(): Promise<Store> {
    const store = await open();
    await store.images.insert(image);
    await store.vms.insert(vm);
    return store;
  }

  describe(name, () => {
    it('refuses a second VM with the same name', async () => {
      await using store = await withVm();
      await assert.rejects(store.vms.insert({ ...vm, id: 'b' }), { reason: 'VM_NAME_TAKEN' });
    });

    it('refuses to remove an image that VMs use, and removes it once they are gone', async () => {
      await using store = await withVm();
      await assert.rejects(store.images.remove('tiny'), { reason: 'IMAGE_IN_USE' });
      assert.deepEqual([...(await store.vms.countByImage())], [['tiny', 1]]);
      await store.vms.remove('a');
      await store.images.remove('tiny');
      assert.deepEqual(await store.images.list(), []);
    });

    it('marks operations that were running when the daemon ended as failed', async () => {
      await using store = await withVm();
      await store.operations.save(operation);
      await store.operations.save({ ...operation, id: 'p', state: 'succeeded' });
      assert.equal(await store.operations.interruptRunning(5), 1);
      const row = await store.operations.find('o');
      assert.equal(row?.state, 'failed');
      assert.equal(JSON.parse(row?.error ?? '{}').reason, 'OPERATION_INTERRUPTED');
      assert.equal((await store.operations.find('p'))?.state, 'succeeded');
    });

    it('keeps an operation for a week after its end, and a running one until then', async () => {
      await using store = await withVm();
      const weekMs = 7 * 86_400_000;
      await store.operations.save(operation);
      await store.operations.save({ ...operation, id: 'p', state: 'succeeded', ended_ms: 5 });
      await store.prune(weekMs + 5);
      assert.equal((await store.operations.find('p'))?.state, 'succeeded');
      await store.prune(weekMs + 6);
      assert.equal(await store.operations.find('p'), undefined);
      assert.equal((await store.operations.find('o'))?.state, 'running');
    });

    it('replaces blocks of history, deletes old ones by resolution, and deletes those of a VM with the VM', async () => {
      await using store = await withVm();
      const block = (step_ms: number, start_ms: number, byte: number) => ({
        vm_id: 'a',
        step_ms,
        start_ms,
        data: new Uint8Array([byte]),
      });
      await store.history.upsert([block(5, 10, 1), block(5, 20, 2), block(60, 10, 3)]);
      await store.history.upsert([block(5, 20, 4)]);
      await store.history.prune(5, 20);
      assert.deepEqual(
        (await store.history.list('a', 5, 0, 100)).map((row) => [row.start_ms, row.data[0]]),
        [[20, 4]],
      );
      assert.equal((await store.history.find('a', 60, 10))?.data[0], 3);
      await store.vms.remove('a');
      assert.deepEqual(await store.history.list('a', 5, 0, 100), []);
    });

    it('keeps the 10,000 newest events', async () => {
      await using store = await withVm();
      for (let index = 0; index < maxEvents + 5; index++) {
        await store.events.insert({ time_ms: index, vm_id: `${index % 100}`, kind: 'vm.started', message: '' });
      }
      await store.prune(0);
      const rows = await store.events.list(undefined, 2 * maxEvents);
      assert.equal(rows.length, maxEvents);
      assert.equal(rows.at(-1)?.time_ms, 5);
    });

    it('keeps the 200 newest events of one VM, so that no VM displaces the events of another', async () => {
      await using store = await withVm();
      await store.events.insert({ time_ms: 0, vm_id: 'b', kind: 'vm.started', message: '' });
      for (let index = 0; index < maxEventsOfVm + 5; index++)
        await store.events.insert({ time_ms: index, vm_id: 'a', kind: 'vm.started', message: '' });
      assert.equal((await store.events.list('b', 1000)).length, 1);
      const rows = await store.events.list('a', 1000);
      assert.deepEqual([rows.length, rows.at(-1)?.time_ms], [maxEventsOfVm, 5]);
    });

    it('coalesces repeated events of a kind into one with a count, not across VMs, kinds or days', async () => {
      await using store = await withVm();
      const day = 86_400_000;
      for (let time = 1; time <= 37; time++)
        for (const kind of ['agent.lost', 'agent.connected'])
          await store.events.insert({ time_ms: time, vm_id: 'a', kind, message: `${time}` }, { coalesce: true });
      await store.events.insert({ time_ms: 40, vm_id: 'b', kind: 'agent.lost', message: '' }, { coalesce: true });
      const told = (await store.events.list(undefined, 10)).map((row) => [
        row.kind,
        row.count,
        row.first_ms,
        row.time_ms,
      ]);
      assert.deepEqual(told, [
        ['agent.lost', 1, null, 40],
        ['agent.connected', 37, 1, 37],
        ['agent.lost', 37, 1, 37],
      ]);
      assert.equal((await store.events.list('a', 1))[0]?.message, '37');
      await store.events.insert({ time_ms: day, vm_id: 'a', kind: 'agent.lost', message: '' }, { coalesce: true });
      const [newest, , older] = await store.events.list('a', 10);
      assert.deepEqual([newest?.count, older?.count], [1, 37]);
      assert.ok((newest?.id ?? 0) > (older?.id ?? 0));
    });

    it('chains audit entries of concurrent writers, and finds one that was changed', async () => {
      await using store = await open();
      const entry = {
        time_ms: 1,
        user_name: 'me',
        via: 'socket',
        address: '',
        action: 'VmService/StopVm',
        vm_id: 'a',
        vm_name: 'one',
        parameters: '{"50%_off":1}',
        result: 'ok',
      };
      await Promise.all(Array.from({ length: 20 }, () => store.audit.append(entry)));
      assert.deepEqual(await store.audit.verify(), { entries: 20, brokenAtId: undefined });
      assert.equal((await store.audit.list({ limit: 100, words: ['50%_OFF'] })).length, 20);
      assert.deepEqual(await store.audit.list({ limit: 100, words: ['50x_off'] }), []);
      assert.equal((await store.audit.list({ limit: 100, beforeId: 3 })).length, 2);
    });

    it('turns an intent into one entry at its end, and one that never ended into an entry with the given result', async () => {
      await using store = await open();
      const facts = {
        time_ms: 1,
        user_name: 'me',
        via: 'socket',
        address: '',
        action: 'VmService/StopVm',
        vm_id: 'a',
        vm_name: 'one',
        parameters: '{}',
        result: '',
      };
      const intent = (id: string, writer: string, expiresMs: number, time_ms: number) =>
        store.audit.intend({ id, writer, expiresMs, facts: { ...facts, time_ms } });
      await Promise.all([intent('done', 'x', 9, 1), intent('cut', 'x', 9, 4), intent('early', 'x', 9, 2)]);
      await Promise.all([intent('other', 'y', 50, 3), intent('old', 'z', 5, 5), intent('dropped', 'x', 9, 6)]);
      await intent('cut', 'x', 9, 7);
      await store.audit.append({ ...facts, result: 'ok' }, { closes: 'done' });
      await store.audit.forget('dropped');
      assert.equal(await store.audit.closeIntents({ writer: 'x' }, 'INTERRUPTED'), 2);
      assert.equal(await store.audit.closeIntents({ writer: 'x' }, 'INTERRUPTED'), 0);
      const counts = await Promise.all(
        [0, 1].map(() => store.audit.closeIntents({ expiredBeforeMs: 20 }, 'INTERRUPTED')),
      );
      assert.equal((counts[0] ?? 0) + (counts[1] ?? 0), 1, 'two that close at the same time write one entry');
      await store.audit.renew('y', 90);
      assert.equal(await store.audit.closeIntents({ expiredBeforeMs: 80 }, 'INTERRUPTED'), 0);
      assert.deepEqual(
        (await store.audit.list({ limit: 10 })).map(({ time_ms, result }) => [time_ms, result]),
        [
          [5, 'INTERRUPTED'],
          [7, 'INTERRUPTED'],
          [2, 'INTERRUPTED'],
          [1, 'ok'],
        ],
      );
      assert.deepEqual(await store.audit.verify(), { entries: 4, brokenAtId: undefined });
    });

    it('keeps runs with their output, including bytes that are not UTF-8', async () => {
      await using store = await open();
      const run = {
        id: 'r',
        user_name: 'me',
        title: 'Echo 100%',
        spec: '{}',
        state: 'running',
        started_ms: 5,
        ended_ms: null,
        node_id: 'n',
      };
      assert.equal(await store.runs.insert(run, [target]), true);
      assert.equal(await store.runs.insert(run, [target]), false);
      const row = (start_offset: number, ...bytes: number[]) => ({
        run_id: 'r',
        vm_id: 'a',
        start_offset,
        stream: 1,
        time_ms: 6,
        data: new Uint8Array(bytes),
      });
      await store.runs.appendOutput([row(0, 0, 255, 128), row(3, 7)], {
        runId: 'r',
        vmId: 'a',
        keptBytes: 4,
        nextOffset: 9,
      });
      assert.deepEqual([...((await store.runs.output('r', 'a', 1, 10))[0]?.data ?? [])], [0, 255, 128]);
      assert.deepEqual(
        (await store.runs.output('r', 'a', 3, 10)).map((one) => one.start_offset),
        [3],
      );
      assert.equal((await store.runs.targets(['r']))[0]?.next_offset, 9);
      assert.equal((await store.runs.list({ limit: 5, text: '100%', vmId: 'a' })).length, 1);
      assert.equal((await store.runs.list({ limit: 5, text: '100_' })).length, 0);
      assert.equal((await store.runs.unfinished()).length, 1);
      const spec = JSON.stringify({ script: 'say "hi"\nand go' });
      await store.runs.insert({ ...run, id: 'quoted', spec, ended_ms: 6 }, []);
      assert.equal((await store.runs.list({ limit: 5, text: 'SAY "hi"\nand' })).length, 1);
    });

    it('deletes the oldest ended runs beyond the limits on number and output', async () => {
      await using store = await open();
      const insert = async (id: string, started_ms: number, kept_bytes: number, ended_ms: number | null = 9) => {
        const run = { id, user_name: 'me', title: '', spec: '{}', state: 'failed', started_ms, ended_ms, node_id: 'n' };
        const target = {
          run_id: id,
          vm_id: 'a',
          vm_name: 'one',
          state: 'failed',
          exited: null,
          error: null,
          kept_bytes,
          next_offset: 0,
          started_ms: null,
          ended_ms: null,
        };
        await store.runs.insert(run, [target, { ...target, vm_id: 'b' }]);
      };
      const left = async (): Promise<string[]> => (await store.runs.list({ limit: 10 })).map(({ id }) => id);
      await insert('running', 1, 40, null);
      for (const [index, id] of ['oldest', 'old', 'new', 'newest'].entries()) await insert(id, index + 2, 10);
      await store.runs.prune({ runs: 3, outputBytes: 1000 });
      assert.deepEqual(await left(), ['newest', 'new', 'old', 'running']);
      await store.runs.prune({ runs: 10, outputBytes: 45 });
      assert.deepEqual(await left(), ['newest', 'new', 'running']);
      assert.deepEqual(await store.runs.targets(['old']), []);
      await store.runs.prune({ runs: 10, outputBytes: 1 });
      assert.deepEqual(await left(), ['newest', 'running']);
    });

    it('assigns a node the rows without a node and those of its former id, and no rows of other nodes', async () => {
      await using store = await open();
      for (const [index, node_id] of ['', 'former', 'other'].entries()) {
        await store.images.insert({ ...image, name: `i${index}`, node_id });
        await store.vms.insert({ ...vm, id: `${index}`, name: `v${index}`, image: `i${index}`, node_id });
        await store.operations.save({ ...operation, id: `${index}`, node_id });
        await store.events.insert({ time_ms: index, vm_id: 'a', kind: 'k', message: '', node_id });
        const run = { id: `${index}`, user_name: 'me', title: '', spec: '{}', state: 'failed' };
        await store.runs.insert({ ...run, started_ms: index, ended_ms: 9, node_id }, []);
      }
      await store.terminals.replace('former', [{ ...terminal, id: 'of-former' }]);
      await store.nodes.takeOver('n', 'former');
      const lists = [
        store.images.list(),
        store.vms.list(),
        store.operations.list(9),
        store.events.list('a', 9),
      ] as const;
      for (const rows of [...(await Promise.all(lists)), await store.runs.list({ limit: 9 })])
        assert.deepEqual(rows.map(({ node_id }) => node_id).sort(), ['n', 'n', 'other']);
      assert.deepEqual(
        (await store.terminals.list('n')).map(({ id }) => id),
        ['of-former'],
      );
    });

    it('replaces the terminals of one node, all or none, and leaves those of another node alone', async () => {
      await using store = await open();
      await store.terminals.replace('n', [terminal, { ...terminal, id: 'u', created_ms: 0 }]);
      await store.terminals.replace('m', [{ ...terminal, id: 'of-m' }]);
      assert.deepEqual(
        (await store.terminals.list('n')).map((row) => ({ ...row })),
        [
          { ...terminal, id: 'u', created_ms: 0, node_id: 'n' },
          { ...terminal, node_id: 'n' },
        ],
      );
      await assert.rejects(store.terminals.replace('n', [terminal, terminal]));
      assert.equal((await store.terminals.list('n')).length, 2);
      await store.terminals.replace('n', []);
      assert.deepEqual(await store.terminals.list('n'), []);
      assert.equal((await store.terminals.list('m')).length, 1);
    });

    it('lets a login link be used only once', async () => {
      await using store = await open();
      await store.users.insert({ name: 'me', created_ms: 1, last_login_ms: null, disabled: 0, password: null }, []);
      await store.sessions.insertLink({ hash: 'h', user_name: 'me', expires_ms: 2 });
      const taken = await Promise.all([store.sessions.takeLink('h'), store.sessions.takeLink('h')]);
      assert.equal(taken.filter((link) => link !== undefined).length, 1);
    });
  });
}
