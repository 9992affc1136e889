import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseQemuRecord, qemuRecord } from './qemu/qemu-record.ts';
import { parseVmRecord } from './vm-record.ts';

const running = { runDirectory: '/run/vm', pid: 4242, startTicks: '77', accelerator: 'kvm' } as const;

describe('the record of a running VM', () => {
  it('a VM’s record is restored from JSON unchanged', () => {
    const record = qemuRecord('a', running);
    assert.deepEqual(parseVmRecord(JSON.stringify(record)), record);
    assert.deepEqual(parseQemuRecord(record), running);
  });

  it('a VM’s record of an earlier daemon, with the payload’s fields next to the id, is read', () => {
    const old = `{"id":"a","driver":"qemu","runDirectory":"/run/vm","pid":4242,"pidStartTicks":"77","accelerator":"kvm"}`;
    assert.deepEqual(parseVmRecord(old), qemuRecord('a', running));
  });

  it('a malformed VM record is undefined', () => {
    for (const text of ['', 'null', '[]', '{}', '{"id":1,"driver":"qemu"}', '{"id":"a","driver":"qemu","payload":[]}'])
      assert.equal(parseVmRecord(text), undefined, text);
  });

  it('a record of another driver, or with an invalid process, is undefined for QEMU', () => {
    const record = qemuRecord('a', running);
    assert.equal(parseQemuRecord({ ...record, driver: 'firecracker' }), undefined);
    for (const pid of [-1, 0, 1, 1.5, '7', undefined])
      assert.equal(parseQemuRecord({ ...record, payload: { ...record.payload, pid } }), undefined, String(pid));
  });
});
