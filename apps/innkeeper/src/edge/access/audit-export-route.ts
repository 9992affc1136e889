import { once } from 'node:events';
import { OperationError } from '@innkeeper/contract';
import type { AuditRow } from '@innkeeper/store';
import type { HttpEdgeContext } from '../http-route.ts';
import { auditQuery } from './audit-service.ts';

const batch = 500;

/**
 * GET /v1/audit.jsonl: every matching entry, newest first, one JSON object a line. Parameters are named as the fields
 * of ListAuditRequest.
 */
export async function auditExportRoute({
  gate,
  query,
  response,
  signal,
}: Pick<HttpEdgeContext, 'gate' | 'query' | 'response' | 'signal'>): Promise<void> {
  const filter = auditQuery({
    user: query.get('user') ?? '',
    vm: query.get('vm') ?? '',
    action: query.get('action') ?? '',
    result: query.get('result') ?? '',
    text: query.get('text') ?? '',
    sinceUnixNs: whole(query, 'since_unix_ns'),
    untilUnixNs: whole(query, 'until_unix_ns'),
    beforeId: whole(query, 'before_id'),
  });
  const { audit } = gate.access.store;
  await gate.coalesced.flush();
  let rows = await audit.list({ ...filter, limit: batch });
  response.writeHead(200, {
    'content-type': 'application/x-ndjson',
    'content-disposition': 'attachment; filename="audit.jsonl"',
  });
  while (rows.length > 0) {
    if (!response.write(rows.map(line).join(''))) await once(response, 'drain', { signal });
    signal.throwIfAborted();
    if (rows.length < batch) break;
    rows = await audit.list({ ...filter, beforeId: rows.at(-1)?.id, limit: batch });
  }
  response.end();
}

/** The columns that are hashed, under the names that AuditEntry has, so that the chain can be checked elsewhere. */
function line(row: AuditRow): string {
  const { id, time_ms, user_name, via, address, action, vm_id, vm_name, parameters, result, hash } = row;
  const entry = { id, time_ms, user: user_name, via, address, action, vm_id, vm_name, parameters, result, hash };
  return `${JSON.stringify(entry)}\n`;
}

function whole(query: URLSearchParams, name: string): bigint {
  const text = query.get(name) ?? '0';
  if (/^\d{1,19}$/.test(text)) return BigInt(text);
  throw new OperationError(
    'INVALID_ARGUMENT',
    `The parameter "${name}" is "${text.slice(0, 40)}"; it must be a whole number.`,
  );
}
