export { isPostgresAddress } from './open-postgres.ts';
export { type OpenStoreOptions, openStore, type Store } from './open-store.ts';
export type { AccessCheck, AccessState } from './repositories/access-change.ts';
export type { RoleBindingRow, RoleRow, UserRow } from './repositories/access-rows.ts';
export type { AuditQuery } from './repositories/audit.ts';
export type { AuditFacts, AuditIntent, AuditRow } from './repositories/audit-writer.ts';
export type { EventRow } from './repositories/events.ts';
export type { HistoryBlockRow, HistoryRepository } from './repositories/history.ts';
export type { ImageRow } from './repositories/images.ts';
export type { NodeRow } from './repositories/nodes.ts';
export type { OperationRow } from './repositories/operations.ts';
export {
  type RunFilter,
  type RunOutputRow,
  RunRepository,
  type RunRow,
  type RunTargetRow,
} from './repositories/runs.ts';
export type { LoginLinkRow, SessionRow } from './repositories/sessions.ts';
export type { TerminalRepository, TerminalRow } from './repositories/terminals.ts';
export type { TokenRow } from './repositories/tokens.ts';
export type { UserChange } from './repositories/users.ts';
export type { VmRow } from './repositories/vms.ts';
