export { openStore, type Store } from './open-store.ts';
export type { EventRow } from './repositories/events.ts';
export type { ImageRow } from './repositories/images.ts';
export type { OperationRow } from './repositories/operations.ts';
export type { SampleRow } from './repositories/samples.ts';
export type { VmRow } from './repositories/vms.ts';
