export { isOperationError, OperationError, type ReasonName } from '@innkeeper/contract/errors';
export { type RunOutputOptions, runOutputUrl } from '../core/addresses.ts';
export { allPages, type PageOptions } from '../core/all-pages.ts';
export {
  type ConsoleEvent,
  type ConsoleStream,
  consoleUrl,
  type OpenConsoleOptions,
  readConsoleMessage,
} from '../core/console-stream.ts';
export { type ControlClient, controlClient } from '../core/control-client.ts';
export { type GuestClient, guestClient } from '../core/guest-client.ts';
export type { GuestInventory, PackageList } from '../core/guest-inventory.ts';
export { type GuestLogs, logPriorityName, type ReadLogOptions } from '../core/guest-logs.ts';
export type { SetNetworkOptions } from '../core/guest-networks.ts';
export {
  type ControlUnitOptions,
  type GuestUnits,
  type UnitVerb,
  unitBootName,
  unitStateName,
} from '../core/guest-units.ts';
export { LineLength, maxLineBytes } from '../core/line-length.ts';
export { ResumingSocket, type SocketState } from '../core/resuming-socket.ts';
export type { ListRunsOptions, Runs, StartRunOptions } from '../core/runs.ts';
export type { CallOptions } from '../core/services.ts';
export type { OpenSocket } from '../core/stream-socket.ts';
export {
  type OpenTerminalOptions,
  type TerminalEvent,
  TerminalReader,
  type TerminalStream,
  terminalUrl,
} from '../core/terminal-stream.ts';
export type { NewTerminal, Terminals } from '../core/terminals.ts';
export { newId } from '../core/time-and-chance.ts';
export type { CollectOptions, ExecResult } from '../core/vm/collect-output.ts';
export type { NewVm } from '../core/vm/create-vm.ts';
export type { VmEventsOptions } from '../core/vm/vm-events.ts';
export type { VmExec, VmExecOptions, VmExecOutput } from '../core/vm/vm-exec.ts';
export type { ReadVmFileOptions, VmFile } from '../core/vm/vm-file.ts';
export type { VmFileContent, WriteVmFileOptions } from '../core/vm/vm-file-content.ts';
export type { VmFiles } from '../core/vm/vm-files.ts';
export type { StopOptions, VmHandle } from '../core/vm/vm-handle.ts';
export type { VmGoal, WaitForVmOptions } from '../core/vm/wait-for-vm.ts';
export type { FileWatchEvent, WatchFilesOptions } from '../core/watch-files.ts';
export type { WatchRunOptions } from '../core/watch-run.ts';
export { type ClientOptions, createClient, type InnkeeperClient } from './create-client.ts';
export { toOperationError } from './errors.ts';
export type { PageFileContents, ReadPageFileOptions } from './files.ts';
export type { Origin } from './http.ts';
export { type PageCalls, pageCalls } from './page-calls.ts';
export { pagePlatform } from './page-platform.ts';
export { browserSockets } from './sockets.ts';
export { type UploadOptions, uploadImage } from './upload.ts';
