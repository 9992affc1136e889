import type { AuditFacts, AuditQuery, AuditRow, Store } from '@innkeeper/store';
import { countOf } from './coalesced-calls.ts';
import { coalescedWriter } from './interrupted.ts';

/**
 * Entries of calls that are still being counted, newest first, as the daemon that counts them last saved them. They have
 * no number and no hash yet (0 and ""). A query for entries before a number finds none.
 */
export async function listOpenEntries(store: Store, query: Omit<AuditQuery, 'limit'>): Promise<AuditRow[]> {
  if (query.beforeId !== undefined) return [];
  const open = await store.audit.listIntents(coalescedWriter.id);
  return open.filter((facts) => matches(facts, query)).map((facts) => ({ ...facts, id: 0, hash: '' }));
}

/** Without open entries that were written meanwhile. */
export function withoutWritten(open: readonly AuditRow[], written: readonly AuditRow[]): AuditRow[] {
  const known = new Set(written.map(keyOf));
  return open.filter((row) => !known.has(keyOf(row)));
}

function keyOf({ user_name, via, action, vm_id, result, parameters }: AuditRow): string {
  return JSON.stringify([user_name, via, action, vm_id, result, countOf(parameters).firstMs]);
}

/** The conditions of `AuditRepository.list`. */
function matches(facts: AuditFacts, query: Omit<AuditQuery, 'limit'>): boolean {
  const { user, vm, action, result, words = [], sinceMs, untilMs } = query;
  const parameters = facts.parameters.toLowerCase();
  return (
    (user === undefined || facts.user_name === user) &&
    (vm === undefined || facts.vm_id === vm || facts.vm_name === vm) &&
    (action === undefined || facts.action.startsWith(action)) &&
    (result === undefined || (result === 'failed' ? facts.result !== 'ok' : facts.result === result)) &&
    words.every((word) => parameters.includes(word.toLowerCase())) &&
    (sinceMs === undefined || facts.time_ms >= sinceMs) &&
    (untilMs === undefined || facts.time_ms < untilMs)
  );
}
