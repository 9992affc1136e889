import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { FakeHost } from '../fake/fake-host.ts';
import { fakeAgentPid } from '../fake/fake-processes.ts';
import { ExecGroups } from './exec-group.ts';

const base = '/sys/fs/cgroup/agent';

function guest(): FakeHost {
  const host = new FakeHost();
  host.files.put('/proc/self/cgroup', '1:name=systemd:/x\n0::/agent\n');
  host.files.put(`${base}/cgroup.procs`, `${fakeAgentPid}\n`);
  return host;
}

describe('ExecGroups', () => {
  it('a command gets a cgroup below the agent’s, which the next command uses again', () => {
    const host = guest();
    const groups = new ExecGroups(host);
    const first = groups.create();
    assert.equal(first?.entry, `${base}/innkeeper-exec-${fakeAgentPid}-1/cgroup.procs`);
    assert.equal(groups.create()?.entry, `${base}/innkeeper-exec-${fakeAgentPid}-2/cgroup.procs`);
    first.release();
    assert.equal(groups.create()?.entry, first.entry);
  });

  it('a command that has ended does not reach the processes of the next command in its cgroup', () => {
    const host = guest();
    const groups = new ExecGroups(host);
    const first = groups.create();
    first?.release();
    const second = groups.create();
    host.files.put(second?.entry ?? '', '700\n');
    host.files.put((second?.entry ?? '').replace('procs', 'kill'), '');
    assert.deepEqual([first?.members(), first?.kill(), second?.members()], [[], false, [700]]);
    assert.equal(second?.kill(), true);
  });

  it('a cgroup that still has processes is not used again', () => {
    const host = guest();
    const groups = new ExecGroups(host);
    const first = groups.create();
    host.files.put(first?.entry ?? '', '700\n701\n');
    assert.deepEqual(first?.members(), [700, 701]);
    first.release();
    assert.notEqual(groups.create()?.entry, first.entry);
  });

  it('a cgroup whose processes were killed at once is not used again', () => {
    const host = guest();
    const groups = new ExecGroups(host);
    const first = groups.create();
    host.files.put((first?.entry ?? '').replace('procs', 'kill'), '');
    assert.equal(first?.kill(), true);
    first?.release();
    assert.notEqual(groups.create()?.entry, first?.entry);
  });

  it('cgroups that an earlier agent left are removed, those of a running one stay', () => {
    const host = guest();
    host.files.putFolder(`${base}/innkeeper-exec-99-1`);
    host.files.putFolder(`${base}/innkeeper-exec-98-1`);
    host.files.put('/proc/98/stat', '98 (agent) S 1 98 98');
    const groups = new ExecGroups(host);
    groups.create()?.release();
    const names = host.files.readDirectory(base, 100).filter((name) => name.startsWith('innkeeper-exec-9'));
    assert.deepEqual(names, ['innkeeper-exec-98-1']);
  });

  it('there are no cgroups where cgroup v2 is not mounted or cannot be written to', () => {
    assert.equal(new ExecGroups(new FakeHost()).create(), undefined);
    const host = guest();
    host.files.makeDirectory = () => {
      throw new Error('EROFS');
    };
    assert.equal(new ExecGroups(host).create(), undefined);
  });
});
