import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { create } from '@bufbuild/protobuf';
import { type AuditEntry, AuditEntrySchema } from '@innkeeper/contract/control';
import { auditSentence, groupEntries } from './audit-sentence.ts';

const entry = (init: Partial<Omit<AuditEntry, '$typeName' | '$unknown'>>): AuditEntry =>
  create(AuditEntrySchema, { user: 'ann', vmId: 'w', vmName: 'web-1', result: 'ok', parameters: '{}', ...init });

describe('the audit as sentences', () => {
  it('auditSentence says what was done to what', () => {
    assert.equal(auditSentence(entry({ action: 'VmService/StopVm' })), 'stopped web-1');
    assert.equal(
      auditSentence(entry({ action: 'guest.file.write', parameters: '{"path":"/etc/motd"}' })),
      'wrote /etc/motd on web-1',
    );
    assert.equal(
      auditSentence(entry({ action: 'VmService/CreateVm', parameters: '{"name":"db","image":"tiny"}' })),
      'created the VM db from tiny',
    );
    assert.equal(auditSentence(entry({ action: 'login', vmName: '' })), 'logged in');
  });

  it('auditSentence says that something was refused or failed, and leaves out what is unknown', () => {
    assert.equal(
      auditSentence(entry({ action: 'VmService/KillVm', result: 'PRIVILEGE_MISSING' })),
      'tried, and failed: killed web-1',
    );
    assert.equal(auditSentence(entry({ action: 'guest.file.read', parameters: 'no json' })), 'read on web-1');
    assert.equal(auditSentence(entry({ action: 'New/Thing' })), 'New/Thing on web-1');
  });

  it('a hundred listings of folders are one line, and what was changed between them keeps its own', () => {
    const at = (index: number): bigint => 1_700_000_000_000_000_000n - BigInt(index) * 1_000_000_000n;
    const entries = Array.from({ length: 100 }, (_, index) =>
      entry({
        id: BigInt(100 - index),
        timeUnixNs: at(index),
        action: index === 50 ? 'guest.file.write' : 'FileService/List',
      }),
    );
    const groups = groupEntries(entries);
    assert.deepEqual(
      groups.map((group) => group.entries.length),
      [99, 1],
    );
    assert.equal(groups.flatMap((group) => group.entries).length, 100);
  });

  it('listings by others, of other VMs, much earlier or refused are not in the same line, nor are changes', () => {
    const list = { action: 'FileService/List', timeUnixNs: 10n ** 18n };
    const groups = groupEntries([
      entry(list),
      entry({ ...list, user: 'bob' }),
      entry({ ...list, vmId: 'd' }),
      entry({ ...list, result: 'PRIVILEGE_MISSING' }),
      entry({ ...list, timeUnixNs: 10n ** 18n - 3_600_000_000_000n }),
      entry({ action: 'VmService/StopVm' }),
      entry({ action: 'VmService/StopVm' }),
    ]);
    assert.equal(groups.length, 7);
  });
});
