export { openStore, type Store } from './open-store.ts';
export type { EventRow } from './repositories/events.ts';
export type { HistoryBlockRow, HistoryRepository } from './repositories/history.ts';
export type { ImageRow } from './repositories/images.ts';
export type { OperationRow } from './repositories/operations.ts';
export type { VmRow } from './repositories/vms.ts';
