import assert from 'node:assert/strict';
import { readdir, readFile, readlink } from 'node:fs/promises';
import { describe, it } from 'node:test';
import { buildAgent, RunningAgent } from '../../apps/agent/testing/running-agent.ts';
import { until } from '../../packages/kit/src/testing/index.ts';
import { CutLink } from './cut-link.ts';
import { mixedCalls } from './mixed-calls.ts';

/** Seconds of the soak; INNKEEPER_SOAK_SECONDS sets another number. */
const seconds = Number(process.env['INNKEEPER_SOAK_SECONDS'] ?? 180);
/** The first part fills caches and pools; after it the agent may not grow by more than this, in KiB. */
const mayGrowKib = 1024;
/** Empty cgroups that the agent keeps for later commands. */
const maxKeptGroups = 8;
/** Open descriptors without a call, at most: 9 to 11 after thousands of calls, of which a leak would leave hundreds. */
const maxDescriptors = 16;

describe('the agent under mixed calls and cut connections', { timeout: (seconds + 600) * 1000 }, () => {
  it('memory, descriptors, processes, cgroups and files are level after minutes of calls whose connections are cut', {
    timeout: (seconds + 590) * 1000,
  }, async (t) => {
    await buildAgent();
    await using agent = await RunningAgent.start();
    const link = new CutLink(agent.socket, 20_261_201);
    try {
      const calls = await mixedCalls(link, agent.folder);
      const levels: Level[] = [];
      for (const part of [1 / 3, 1 / 3, 1 / 3]) {
        link.startCutting();
        await calls.runFor(seconds * part * 1000);
        link.stopCutting();
        await link.link.ping();
        levels.push(await settledLevel(agent));
      }
      t.diagnostic(`${link.cuts} cuts; ${JSON.stringify(calls.counts)}; levels ${JSON.stringify(levels)}`);
      const [first, , last] = levels;
      assert.ok(first && last);
      assert.ok(last.rssKib - first.rssKib <= mayGrowKib, `memory grew from ${first.rssKib} to ${last.rssKib} KiB`);
      assert.ok(link.cuts > seconds / 3, `only ${link.cuts} cuts`);
      for (const [kind, { done }] of Object.entries(calls.counts)) assert.ok(done > 2, `only ${done} × ${kind}`);
      await calls.end();
      // Of an upload whose link was closed, for its resume.
      const left = await calls.leftFiles();
      assert.ok(left.length <= 1, left.join(' '));
      assert.equal(agent.ended, undefined);
    } finally {
      await link.close();
    }
  });
});

interface Level {
  readonly rssKib: number;
  readonly descriptors: number;
}

/** Waits until nothing of the calls is left; then measures. */
async function settledLevel(agent: RunningAgent): Promise<Level> {
  const left = { children: '', groups: 0, descriptors: [] as string[] };
  await until(
    async () => {
      // A zombie is a child, too.
      left.children = await readFile(`/proc/${agent.pid}/task/${agent.pid}/children`, 'utf8');
      left.groups = (await groupsOf(agent.pid)).length;
      left.descriptors = await descriptorsOf(agent.pid);
      return left.children === '' && left.groups <= maxKeptGroups && left.descriptors.length <= maxDescriptors;
    },
    { withinMs: 40_000, everyMs: 50, what: () => `nothing of the calls is left; but ${JSON.stringify(left)}` },
  );
  return { rssKib: await agent.status('VmRSS'), descriptors: left.descriptors.length };
}

/** The cgroups for commands of the agent with this pid, which are below its own. */
async function groupsOf(pid: number): Promise<string[]> {
  const own = /^0::(\/.*)$/m.exec(await readFile(`/proc/${pid}/cgroup`, 'utf8'))?.[1];
  for (const root of ['/sys/fs/cgroup', '/sys/fs/cgroup/unified'])
    try {
      const names = await readdir(`${root}${own}`);
      return names.filter((name) => name.startsWith(`innkeeper-exec-${pid}-`));
    } catch {
      // Not mounted there.
    }
  return [];
}

/** What the open descriptors of a process are: paths, "socket:[123]". */
async function descriptorsOf(pid: number): Promise<string[]> {
  const folder = `/proc/${pid}/fd`;
  // One may be closed meanwhile.
  return await Promise.all((await readdir(folder)).map((name) => readlink(`${folder}/${name}`).catch(() => 'closed')));
}
