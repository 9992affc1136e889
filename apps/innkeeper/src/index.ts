export type { ServeSettings } from './main/command-line.ts';
export { type Daemon, startDaemon } from './main/daemon.ts';
