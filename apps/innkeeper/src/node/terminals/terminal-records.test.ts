import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { OperationError } from '@innkeeper/contract';
import { type Log, silentLog } from '@innkeeper/kit';
import { openStore } from '@innkeeper/store';
import type { TerminalRecord } from './terminal-record.ts';
import { TerminalRecords } from './terminal-records.ts';

const record: TerminalRecord = {
  id: 't',
  vmId: 'a',
  title: 'top',
  user: 'ann',
  argv: ['top', '-d', '1'],
  columns: 80,
  rows: 24,
  createdMs: 2 ** 41,
  createdBy: 'alice',
};
const kept = (each: TerminalRecord, columns = each.columns) => ({ record: each, columns, rows: each.rows });

describe('the record of running terminals', () => {
  it('the record of running terminals is in the database, with each terminal’s current size', async () => {
    await using store = await openStore(':memory:');
    const place = { terminals: store.terminals, nodeId: 'n' };
    await new TerminalRecords(place, silentLog, () => [kept(record, 132)]).save();
    assert.deepEqual(await new TerminalRecords(place, silentLog, () => []).load(), [{ ...record, columns: 132 }]);
  });

  it('the record of running terminals is kept when the disk is full, with a log line, and written once there is space', async () => {
    await using store = await openStore(':memory:');
    let isFull = true;
    const events: string[] = [];
    const warn: Log['warn'] = (event) => void events.push(event);
    const place = {
      nodeId: 'n',
      terminals: {
        list: (nodeId: string) => store.terminals.list(nodeId),
        replace: async (...change: Parameters<typeof store.terminals.replace>) => {
          if (isFull) throw new OperationError('HOST_DISK_FULL', 'full');
          await store.terminals.replace(...change);
        },
      },
    };
    await store.terminals.replace('n', [
      {
        id: 'old',
        vm_id: 'a',
        title: '',
        guest_user: '',
        argv: '[]',
        columns: 80,
        rows: 24,
        created_ms: 1,
        created_by: '',
      },
    ]);
    const records = new TerminalRecords(place, { ...silentLog, warn }, () => [kept(record)]);
    await records.save();
    assert.deepEqual(
      (await records.load()).map(({ id }) => id),
      ['old'],
    );
    assert.deepEqual(events, ['terminals.not-written']);
    isFull = false;
    await records.save();
    assert.deepEqual(await records.load(), [record]);
  });

  it('the terminals.json of an earlier version is imported once, and kept until the database has its terminals', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'innkeeper-terminals-'));
    try {
      await using store = await openStore(':memory:');
      const oldFile = join(folder, 'terminals.json');
      await writeFile(oldFile, JSON.stringify({ terminals: [record] }));
      const full = {
        list: async () => [],
        replace: () => Promise.reject(new OperationError('HOST_DISK_FULL', 'full')),
      };
      const unsaved = new TerminalRecords({ terminals: full, nodeId: 'n', oldFile }, silentLog, () => []);
      assert.deepEqual(await unsaved.load(), [record]);
      assert.ok(existsSync(oldFile));
      const records = new TerminalRecords({ terminals: store.terminals, nodeId: 'n', oldFile }, silentLog, () => []);
      for (let start = 0; start < 2; start++) {
        assert.deepEqual(await records.load(), [record]);
        assert.ok(!existsSync(oldFile));
      }
      await writeFile(oldFile, 'not JSON');
      assert.deepEqual(await records.load(), [record], 'an unreadable file is left alone');
      assert.ok(existsSync(oldFile));
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
