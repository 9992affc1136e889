import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { filterProcesses, processOrderOf, signalRefusal } from './process-view.ts';

describe('the list of processes', () => {
  it('processOrderOf reads the sort order of an address; default: by CPU', () => {
    assert.deepEqual(processOrderOf('-name'), { key: 'name', reversed: true });
    assert.deepEqual(processOrderOf('pid'), { key: 'pid', reversed: false });
    assert.deepEqual(processOrderOf('-evil'), { key: 'cpu', reversed: false });
    assert.deepEqual(processOrderOf(null), { key: 'cpu', reversed: false });
  });

  it('filterProcesses keeps processes that contain all words', () => {
    const all = [
      { pid: 12, name: 'nginx', command: 'nginx: master', user: 'root' },
      { pid: 7, name: 'sh', command: '/bin/sh -c "run nginx"', user: 'www' },
    ];
    assert.deepEqual(
      filterProcesses(all, 'NGINX root').map(({ pid }) => pid),
      [12],
    );
    assert.equal(filterProcesses(all, '').length, 2);
    assert.equal(filterProcesses(all, '.*').length, 0);
  });

  it('signalRefusal explains why a process cannot be signalled', () => {
    const one = { pid: 50, parentPid: 1, name: 'sleep' };
    assert.equal(signalRefusal(one, true), undefined);
    assert.match(signalRefusal(one, false) ?? '', /guest\.exec/);
    assert.match(signalRefusal({ ...one, pid: 1 }, true) ?? '', /stop the VM/);
    assert.match(signalRefusal({ ...one, parentPid: 2 }, true) ?? '', /kernel/);
  });
});
