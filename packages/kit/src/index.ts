export type { Channel } from './channel.ts';
export { createDeferred, type Deferred } from './deferred.ts';
export { type Log, type LogFields, silentLog } from './log.ts';
export { gib, kib, mib } from './units.ts';
