import type { ServiceImpl } from '@connectrpc/connect';
import type { AuditService, ListAuditRequest } from '@innkeeper/contract/control';
import { maxPageSize } from '@innkeeper/contract/limits';
import type { AuditQuery, Store } from '@innkeeper/store';
import { auditMessage } from '../../audit/audit-message.ts';
import { limitOf } from '../query.ts';

const maxWords = 10;
const nsPerMs = 1_000_000n;

/** AuditService over the store. */
export function createAuditService({ audit }: Store): ServiceImpl<typeof AuditService> {
  return {
    listAudit: async (request) => {
      const limit = limitOf(request.limit, 100, maxPageSize);
      const rows = await audit.list({ ...auditQuery(request), limit: limit + 1 });
      return { entries: rows.slice(0, limit).map(auditMessage), more: rows.length > limit };
    },
    verifyAudit: async () => {
      const { entries, brokenAtId } = await audit.verify();
      return { entries: BigInt(entries), ...(brokenAtId === undefined ? {} : { brokenAtId: BigInt(brokenAtId) }) };
    },
  };
}

type AuditFilter = Pick<
  ListAuditRequest,
  'user' | 'vm' | 'action' | 'result' | 'text' | 'sinceUnixNs' | 'untilUnixNs' | 'beforeId'
>;

/** What is empty does not narrow the list. */
export function auditQuery(filter: AuditFilter): Omit<AuditQuery, 'limit'> {
  const { user, vm, action, result, text, sinceUnixNs, untilUnixNs, beforeId } = filter;
  const words = text.split(/\s+/).filter((word) => word !== '');
  return {
    user: given(user),
    vm: given(vm),
    action: given(action),
    result: given(result),
    words: words.slice(0, maxWords),
    sinceMs: sinceUnixNs === 0n ? undefined : Number(sinceUnixNs / nsPerMs),
    untilMs: untilUnixNs === 0n ? undefined : Number(untilUnixNs / nsPerMs),
    beforeId: beforeId === 0n ? undefined : Number(beforeId),
  };
}

function given(text: string): string | undefined {
  return text === '' ? undefined : text;
}
