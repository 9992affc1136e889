import type { ServiceImpl } from '@connectrpc/connect';
import type { AuditService, ListAuditRequest } from '@innkeeper/contract/control';
import type { AuditQuery } from '@innkeeper/store';
import { auditMessage } from '../../audit/audit-message.ts';
import { listOpenEntries, withoutWritten } from '../../audit/open-entries.ts';
import type { Gate } from '../gate.ts';
import { pageSizeOf, readToken, tokenNumber, writeToken } from '../page.ts';
import { optionalTimeMs } from '../query.ts';

const maxWords = 10;

/** AuditService over the store. */
export function createAuditService({ access, coalesced }: Gate): ServiceImpl<typeof AuditService> {
  const { audit } = access.store;
  return {
    listAudit: async (request) => {
      const size = pageSizeOf(request, request.limit);
      const asked = auditQuery(request);
      const { skippedOpen = 0, beforeId = asked.beforeId } = placeOf(request);
      const query = { ...asked, beforeId };
      // What was read just now is shown, too.
      await coalesced.save();
      const open = (await listOpenEntries(access.store, query)).slice(skippedOpen);
      const rows = await audit.list({ ...query, limit: size + 1 });
      const all = [...withoutWritten(open, rows), ...rows];
      const shown = all.slice(0, size);
      const last = shown.at(-1);
      const more = all.length > size;
      const next = last?.id === 0 ? `open ${skippedOpen + size}` : String(last?.id);
      return { entries: shown.map(auditMessage), more, nextPageToken: more ? writeToken(next) : '' };
    },
    verifyAudit: async () => {
      const { entries, brokenAtId } = await audit.verify();
      return { entries: BigInt(entries), ...(brokenAtId === undefined ? {} : { brokenAtId: BigInt(brokenAtId) }) };
    },
  };
}

/** Where a page begins: after this many open entries, or before the written entry with this number. */
function placeOf(request: ListAuditRequest): { skippedOpen?: number; beforeId?: number } {
  const after = readToken(request);
  const open = /^open (\d{1,6})$/.exec(after ?? '')?.[1];
  if (open !== undefined) return { skippedOpen: Number(open) };
  return after === undefined ? {} : { beforeId: tokenNumber(request) ?? 0 };
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
