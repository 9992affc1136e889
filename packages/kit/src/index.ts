export type { Channel } from './channel.ts';
export { createDeferred, type Deferred } from './deferred.ts';
export { type CountingTerminal, ignoreHugeCounts } from './ignore-huge-counts.ts';
export { type Log, type LogFields, silentLog } from './log.ts';
export { isMalformedTarError, MalformedTarError } from './tar/malformed-tar-error.ts';
export { blockBytes, paddedBytes, type TarEntry, tarHeader } from './tar/tar-header.ts';
export { type TarItem, TarParser, type TarSink } from './tar/tar-parser.ts';
export { gib, kib, mib } from './units.ts';
