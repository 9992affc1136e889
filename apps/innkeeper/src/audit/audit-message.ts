import { create } from '@bufbuild/protobuf';
import { type AuditEntry, AuditEntrySchema } from '@innkeeper/contract/control';
import type { AuditRow } from '@innkeeper/store';
import { countOf } from './coalesced-calls.ts';

/** An entry as the API shows it. */
export function auditMessage(row: AuditRow): AuditEntry {
  const { count, firstMs } = countOf(row.parameters);
  return create(AuditEntrySchema, {
    id: BigInt(row.id),
    timeUnixNs: BigInt(row.time_ms) * 1_000_000n,
    user: row.user_name,
    via: row.via,
    address: row.address,
    action: row.action,
    vmId: row.vm_id,
    vmName: row.vm_name,
    parameters: row.parameters,
    result: row.result,
    hash: row.hash,
    count,
    ...(firstMs === undefined ? {} : { firstUnixNs: BigInt(firstMs) * 1_000_000n }),
  });
}
