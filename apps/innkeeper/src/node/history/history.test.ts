import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { OperationError } from '@innkeeper/contract';
import { silentLog } from '@innkeeper/kit';
import { openStore, type Store } from '@innkeeper/store';
import { History } from './history.ts';
import { planQuery } from './query-series.ts';

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
/** A multiple of a day, so that blocks begin where the test expects them. */
const beginMs = 20_000 * dayMs;

async function storeWithVm(): Promise<Store> {
  const store = await openStore(':memory:');
  await store.images.insert({
    name: 'i',
    format: 'raw',
    path: '/i',
    virtual_bytes: 1,
    sha256: '',
    added_ms: 0,
    kernel: null,
    base: null,
    node_id: 'n',
  });
  await store.vms.insert({
    id: 'v',
    name: 'v',
    state: 'running',
    state_detail: '',
    image: 'i',
    cpus: 1,
    memory_bytes: 1,
    disk_bytes: 1,
    mac_address: '',
    tags: '{}',
    driver: 'fake',
    record: null,
    agent: '{}',
    base_path: '',
    created_ms: 0,
    started_ms: null,
    autostart: 0,
    stopped_boot_id: '',
    identity: '',
    node_id: 'n',
  });
  return store;
}

const cpu = (value: number) => ({ points: [{ metric: 'cpu.busy_percent', value }], counters: [] });

describe('history', () => {
  it('history returns measurements, and gaps where nothing was measured', async () => {
    await using store = await storeWithVm();
    await using history = new History({ blocks: store.history, log: silentLog, now: () => beginMs + 60_000 });
    for (const second of [0, 5, 20]) await history.record('v', cpu(second), beginMs + second * 1000);
    const { plan, series } = await history.query('v', {
      fromMs: beginMs,
      toMs: beginMs + 25_000,
      metrics: [],
      maxPoints: 300,
    });
    assert.equal(plan.stepMs, 5000);
    assert.deepEqual(series[0]?.average, [0, 5, Number.NaN, Number.NaN, 20]);
    assert.equal(series[0]?.unit, 'percent');
  });

  it('history continues blocks of an earlier daemon', async () => {
    await using store = await storeWithVm();
    const now = () => beginMs + 60_000;
    {
      await using first = new History({ blocks: store.history, log: silentLog, now });
      await first.record('v', cpu(10), beginMs);
    }
    await using second = new History({ blocks: store.history, log: silentLog, now });
    await second.record('v', cpu(30), beginMs + 5000);
    const query = { fromMs: beginMs, toMs: beginMs + 10_000, metrics: ['cpu.'], maxPoints: 300 };
    assert.deepEqual((await second.query('v', query)).series[0]?.average, [10, 30]);
    await second.flush();
    const minutes = await second.query('v', { ...query, toMs: beginMs + 10 * dayMs });
    assert.equal(minutes.series[0]?.average[0], 20);
  });

  it('history keeps minutes for two weeks and quarters of an hour for a year', async () => {
    await using store = await storeWithVm();
    let now = beginMs;
    await using history = new History({ blocks: store.history, log: silentLog, now: () => now });
    await history.record('v', cpu(50), beginMs);
    await history.flush();
    const levelsLeft = async (): Promise<number[]> => {
      await history.prune();
      const left = [];
      for (const step of [5_000, 60_000, 900_000])
        if ((await store.history.list('v', step, 0, beginMs + dayMs)).length > 0) left.push(step);
      return left;
    };
    assert.deepEqual(await levelsLeft(), [5_000, 60_000, 900_000]);
    now = beginMs + 2 * dayMs;
    assert.deepEqual(await levelsLeft(), [60_000, 900_000]);
    now = beginMs + 15 * dayMs;
    assert.deepEqual(await levelsLeft(), [900_000]);
    now = beginMs + 400 * dayMs;
    assert.deepEqual(await levelsLeft(), []);
  });

  it('history ignores a report from before its newest block', async () => {
    await using store = await storeWithVm();
    await using history = new History({ blocks: store.history, log: silentLog, now: () => beginMs + hourMs });
    await history.record('v', cpu(1), beginMs + hourMs);
    await history.record('v', cpu(99), beginMs);
    const query = { fromMs: beginMs, toMs: beginMs + 5000, metrics: [], maxPoints: 10 };
    assert.deepEqual((await history.query('v', query)).series, []);
  });

  it('history continues after the clock was set back or forward by years, and loses nothing of the current time', async () => {
    await using store = await storeWithVm();
    const yearMs = 365 * dayMs;
    await using history = new History({ blocks: store.history, log: silentLog, now: () => beginMs + hourMs });
    await history.record('v', cpu(1), beginMs);
    await history.record('v', cpu(2), beginMs + yearMs);
    await history.record('v', cpu(3), beginMs + 5000);
    await history.record('v', cpu(4), beginMs + 10_000);
    const query = { fromMs: beginMs, toMs: beginMs + 15_000, metrics: [], maxPoints: 10 };
    const { series } = await history.query('v', query);
    assert.deepEqual(series[0]?.average.slice(0, 3), [1, 3, 4]);
  });

  it('history continues while the disk is full, and writes everything once there is space', async () => {
    await using store = await storeWithVm();
    const logged: string[] = [];
    const log = { ...silentLog, error: (event: string) => logged.push(event) };
    const upsert = store.history.upsert.bind(store.history);
    store.history.upsert = () => Promise.reject(new OperationError('HOST_DISK_FULL', 'full'));
    await using history = new History({ blocks: store.history, log, now: () => beginMs + 10_000 });
    await history.record('v', cpu(7), beginMs);
    await history.flush();
    assert.deepEqual(logged, ['history.not-written']);
    const query = { fromMs: beginMs, toMs: beginMs + 5000, metrics: [], maxPoints: 10 };
    assert.equal((await history.query('v', query)).series.length, 1);
    store.history.upsert = upsert;
    await history.flush();
    assert.notEqual(await store.history.find('v', 5000, beginMs), undefined);
  });

  it('history shows a gap for an unreadable block', async () => {
    await using store = await storeWithVm();
    await store.history.upsert([{ vm_id: 'v', step_ms: 5000, start_ms: beginMs, data: new Uint8Array([9, 9]) }]);
    await using history = new History({ blocks: store.history, log: silentLog, now: () => beginMs + 10_000 });
    const query = { fromMs: beginMs, toMs: beginMs + 5000, metrics: [], maxPoints: 10 };
    assert.deepEqual((await history.query('v', query)).series, []);
  });
});

describe('the plan of a query', () => {
  it('a query of history has at most the requested number of points', () => {
    for (const lengthMs of [60_000, hourMs, dayMs, 14 * dayMs, 365 * dayMs]) {
      const plan = planQuery({ fromMs: beginMs - lengthMs, toMs: beginMs, metrics: [], maxPoints: 300 }, beginMs);
      assert.ok(plan.count <= 301, `${lengthMs} gives ${plan.count}`);
      assert.equal(plan.stepMs % plan.level.stepMs, 0);
    }
  });

  it('a query of history uses the finest level that still has the start of the period', () => {
    const step = (fromMs: number) =>
      planQuery({ fromMs, toMs: fromMs + hourMs, metrics: [], maxPoints: 2000 }, beginMs).level.stepMs;
    assert.equal(step(beginMs - hourMs), 5_000);
    assert.equal(step(beginMs - 3 * dayMs), 60_000);
    assert.equal(step(beginMs - 30 * dayMs), 900_000);
  });
});
