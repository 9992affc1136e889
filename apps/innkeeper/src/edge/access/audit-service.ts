import type { ServiceImpl } from '@connectrpc/connect';
import type { AuditService, ListAuditRequest } from '@innkeeper/contract/control';
import type { AuditQuery } from '@innkeeper/store';
import { auditMessage } from '../../audit/audit-message.ts';
import type { Gate } from '../gate.ts';
import { pageSizeOf, tokenNumber, writeToken } from '../page.ts';
import { optionalTimeMs } from '../query.ts';

const maxWords = 10;

/** AuditService over the store. */
export function createAuditService({ access, coalesced }: Gate): ServiceImpl<typeof AuditService> {
  const { audit } = access.store;
  return {
    listAudit: async (request) => {
      const size = pageSizeOf(request, request.limit);
      // What was read just now is shown, too.
      await coalesced.flush();
      const query = auditQuery(request);
      const beforeId = tokenNumber(request) ?? query.beforeId;
      const rows = await audit.list({ ...query, beforeId, limit: size + 1 });
      const more = rows.length > size;
      const entries = rows.slice(0, size);
      return {
        entries: entries.map(auditMessage),
        more,
        nextPageToken: more ? writeToken(String(entries.at(-1)?.id)) : '',
      };
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
    sinceMs: optionalTimeMs(sinceUnixNs, 'since_unix_ns'),
    untilMs: optionalTimeMs(untilUnixNs, 'until_unix_ns'),
    beforeId: beforeId === 0n ? undefined : Number(beforeId),
  };
}

function given(text: string): string | undefined {
  return text === '' ? undefined : text;
}
