export type { ServeSettings } from './daemon/command-line.ts';
export { type Daemon, startDaemon } from './daemon/daemon.ts';
