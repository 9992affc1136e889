import assert from 'node:assert/strict';
import { ProcessSort } from '@innkeeper/contract/agent';
import { GuestProcessServiceLite } from '@innkeeper/contract/agent-lite';
import type { ConformanceCase } from '../conformance-case.ts';
import type { NativeClient } from '../native-client.ts';
import { isAlive, processGone } from '../process-gone.ts';

const needsNative = 'details of processes';

/** Starts a shell in the guest and resolves to its pid. */
async function start(client: NativeClient, shellCommand: string): Promise<number> {
  for await (const { event } of client.link.exec({ shellCommand }).events)
    if (event.case === 'started') return event.value.pid;
  throw new Error('It did not start.');
}

export const guestProcessCases: readonly ConformanceCase[] = [
  {
    title: 'processes are listed with their attributes and usage, the busiest first',
    needsNative,
    run: async ({ client, agentPid }) => {
      const pid = await start(client, 'while :; do :; done');
      try {
        await client.link.call(GuestProcessServiceLite.list, {});
        await new Promise((resolve) => setTimeout(resolve, 1000));
        const { processes, total } = await client.link.call(GuestProcessServiceLite.list, { pageSize: 1000 });
        const busy = processes.find((each) => each.pid === pid);
        assert.ok((busy?.cpuPercent ?? 0) > 10, `${busy?.cpuPercent} %`);
        assert.ok((busy?.cpuPercent ?? 0) < 110, `${busy?.cpuPercent} %`);
        assert.match(busy?.command ?? '', /while :; do :; done/);
        assert.equal(busy?.parentPid, agentPid);
        const percents = processes.map(({ cpuPercent }) => cpuPercent ?? 0);
        assert.deepEqual(
          percents,
          [...percents].sort((a, b) => b - a),
        );
        assert.ok(total >= processes.length);
        const again = await client.link.call(GuestProcessServiceLite.list, { pageSize: 1000 });
        assert.equal(again.processes.find((each) => each.pid === pid)?.startedUnixNs, busy?.startedUnixNs);
        const byPid = await client.link.call(GuestProcessServiceLite.list, { sort: ProcessSort.PID, pageSize: 2 });
        assert.equal(byPid.processes.length, 2);
        assert.ok((byPid.processes[0]?.pid ?? 0) < (byPid.processes[1]?.pid ?? 0));
        const next = { sort: ProcessSort.PID, pageSize: 1000, pageToken: byPid.nextPageToken };
        const rest = await client.link.call(GuestProcessServiceLite.list, next);
        assert.ok((rest.processes[0]?.pid ?? 0) > (byPid.processes[1]?.pid ?? 0), 'the second page follows the first');
        assert.ok(rest.processes.some((each) => each.pid === pid));
        assert.equal(rest.nextPageToken, '', 'the last page has no token');
        const beyond = await client.link.call(GuestProcessServiceLite.list, { pageToken: '9999999' });
        assert.deepEqual([beyond.processes, beyond.nextPageToken], [[], '']);
      } finally {
        await client.link.call(GuestProcessServiceLite.signal, { pid, signal: 9 });
      }
      await processGone(pid);
    },
  },
  {
    title: 'a signal is sent to one process, or to its whole tree',
    needsNative,
    run: async ({ client }) => {
      const tree = 'sh -c "sleep 1000 & sleep 1000 & wait" & sleep 1000 & wait';
      const pid = await start(client, tree);
      const children = async (): Promise<number[]> => {
        const { processes } = await client.link.call(GuestProcessServiceLite.list, { pageSize: 1000 });
        const found = [pid];
        for (const each of found)
          found.push(...processes.filter(({ parentPid }) => parentPid === each).map((child) => child.pid));
        return found;
      };
      let all = await children();
      while (all.length < 5) all = await children();
      const last = all.at(-1) ?? 0;
      assert.equal((await client.link.call(GuestProcessServiceLite.signal, { pid: last, signal: 9 })).signaled, 1);
      await processGone(last);
      assert.equal(await isAlive(pid), true);
      const { signaled } = await client.link.call(GuestProcessServiceLite.signal, { pid, signal: 15, tree: true });
      assert.ok(signaled >= 3, `${signaled}`);
      for (const each of all) await processGone(each);
    },
  },
  {
    title: 'signals to init, the agent, its ancestors and kernel threads are refused',
    needsNative,
    notEmulated: 'answers for the kernel what the agent reads about itself in /proc, without its state and parent',
    run: async ({ client, agentPid }) => {
      const refused = { reason: 'PROCESS_PROTECTED' };
      await assert.rejects(client.link.call(GuestProcessServiceLite.signal, { pid: 1, signal: 15 }), refused);
      await assert.rejects(client.link.call(GuestProcessServiceLite.signal, { pid: agentPid, signal: 15 }), refused);
      await assert.rejects(
        client.link.call(GuestProcessServiceLite.signal, { pid: process.pid, signal: 18, tree: true }),
        refused,
      );
      await client.ping();
    },
  },
  {
    title: 'unknown signals, unknown processes and reused process ids are refused',
    needsNative,
    run: async ({ client }) => {
      const pid = await start(client, 'sleep 1000');
      const { link } = client;
      for (const signal of [0, 65, -1])
        await assert.rejects(
          link.call(GuestProcessServiceLite.signal, { pid, signal }),
          { reason: 'INVALID_ARGUMENT' },
          `${signal}`,
        );
      for (const absent of [0, 4_194_305, 4_294_967_295])
        await assert.rejects(link.call(GuestProcessServiceLite.signal, { pid: absent, signal: 15 }), {
          reason: 'PROCESS_NOT_FOUND',
        });
      const changed = { pid, signal: 15, startedUnixNs: 1_000_000_000n };
      await assert.rejects(link.call(GuestProcessServiceLite.signal, changed), { reason: 'PROCESS_CHANGED' });
      await assert.rejects(link.call(GuestProcessServiceLite.list, { pageSize: 1001 }), { reason: 'INVALID_ARGUMENT' });
      for (const pageToken of ['x', '-1', '1e3', '99999999', '1'.repeat(1000)])
        await assert.rejects(link.call(GuestProcessServiceLite.list, { pageToken }), { reason: 'INVALID_ARGUMENT' });
      const { processes } = await link.call(GuestProcessServiceLite.list, { pageSize: 1000 });
      const startedUnixNs = processes.find((each) => each.pid === pid)?.startedUnixNs ?? 0n;
      assert.equal((await link.call(GuestProcessServiceLite.signal, { pid, signal: 9, startedUnixNs })).signaled, 1);
      await processGone(pid);
    },
  },
];
