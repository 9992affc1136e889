import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { create, type DescService } from '@bufbuild/protobuf';
import { agentServices } from '@innkeeper/contract/agent-services';
import { compatServices } from '@innkeeper/contract/compat-services';
import * as control from '@innkeeper/contract/control';
import { type AuditEntry, AuditEntrySchema } from '@innkeeper/contract/control';
import { auditAction } from '@innkeeper/contract/rules';
import { auditForms } from './audit-forms.ts';
import { auditSentence, callsOf, groupEntries } from './audit-sentence.ts';

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

  it('auditSentence says in English what failed and why, and leaves out what is unknown', () => {
    const said = (action: string, result: string, parameters: object = {}, vmName = 'web-1'): string =>
      auditSentence(entry({ action, result, vmName, parameters: JSON.stringify(parameters) }));
    assert.equal(said('VmService/KillVm', 'PRIVILEGE_MISSING'), 'was not allowed to kill web-1');
    assert.equal(said('VmService/KillVm', 'VM_NOT_FOUND', { vm: 'nobody' }, ''), 'failed to kill nobody: VM not found');
    assert.equal(said('login', 'LOGIN_FAILED', { user: 'admin' }, ''), 'failed to log in as admin: wrong password');
    assert.equal(
      said('login', 'LOGIN_THROTTLED', { user: '(unknown)' }, ''),
      'failed to log in as an unknown user: too many failed logins',
    );
    assert.equal(
      said('login.link', 'LOGIN_FAILED', {}, ''),
      'failed to log in by a link: the link was used or has expired',
    );
    assert.equal(
      said('VmService/StartVm', 'INTERRUPTED'),
      'began to start web-1; the daemon ended before the result was known',
    );
    assert.equal(said('guest.exec.begin', 'ok', { argv: ['ls', '-l'] }), 'began to run ls -l on web-1');
    assert.equal(said('guest.exec', 'ok'), 'ran a command on web-1');
    assert.equal(
      said('guest.exec', 'ok', { argv: ['sleep', '9'], client_left: true }),
      'began to run sleep 9 on web-1, and left it running',
    );
    assert.equal(said('FileService/Rename', 'ok', { from: '/a', to: '/b' }), 'renamed /a to /b on web-1');
    assert.equal(auditSentence(entry({ action: 'guest.file.read', parameters: 'no json' })), 'read on web-1');
    assert.equal(auditSentence(entry({ action: 'New/Thing' })), 'New/Thing on web-1');
  });

  it('every audited method has a sentence, and every sentence reads as a failure too', () => {
    const exported: readonly unknown[] = [...Object.values(control), ...agentServices, ...compatServices];
    const services = exported.filter(
      (value): value is DescService =>
        typeof value === 'object' && value !== null && 'kind' in value && value.kind === 'service',
    );
    const actions = services.flatMap(({ methods }) => methods).flatMap((method) => auditAction(method) ?? []);
    assert.ok(actions.length > 40);
    assert.deepEqual(
      actions.filter((action) => auditForms[action] === undefined),
      [],
    );
    for (const [action, form] of Object.entries(auditForms)) {
      const [past = '', rest = ''] = form.split('|');
      assert.match(past, /^\w+$/, action);
      assert.match(rest, /^[a-z]+( |$)/, action);
      const failed = auditSentence(entry({ action, result: 'VM_BUSY' }));
      assert.match(failed, new RegExp(`^failed to ${rest.split(' ')[0]}\\b.*: VM busy$`), action);
    }
  });

  it('an entry that only has the bytes of earlier connections counts as no call', () => {
    const rest = entry({ action: 'guest.connect', count: 0, firstUnixNs: 1n });
    assert.equal(callsOf({ entries: [rest] }), 0);
  });

  it('an entry for coalesced calls counts as these calls', () => {
    const at = { action: 'GuestProcessService/List', timeUnixNs: 10n ** 18n };
    const [group, ...others] = groupEntries([entry({ ...at, count: 36 }), entry({ ...at, count: 1 }), entry(at)]);
    assert.ok(group);
    assert.equal(others.length, 0);
    assert.equal(callsOf(group), 38);
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
