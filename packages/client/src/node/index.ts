export { isOperationError, OperationError, type ReasonName } from '@innkeeper/contract/errors';
export { type RunOutputOptions, runOutputUrl } from '../core/addresses.ts';
export type { AgentClients } from '../core/agent-clients.ts';
export { allPages, type PageOptions } from '../core/all-pages.ts';
export type { ConsoleEvent, ConsoleStream, OpenConsoleOptions } from '../core/console-stream.ts';
export type { FollowEventsOptions } from '../core/events.ts';
export type { ExecOptions, ExecStream } from '../core/exec.ts';
export type { GuestFiles, ListFilesOptions, MakeFolderOptions, PathOptions, TreeOptions } from '../core/guest-files.ts';
export type { FreezeOptions, GuestFilesystems, TrimOptions } from '../core/guest-filesystems.ts';
export type { GuestInventory, PackageList } from '../core/guest-inventory.ts';
export { type GuestLogs, logPriority, logPriorityName, type ReadLogOptions } from '../core/guest-logs.ts';
export type { AddressOptions, GuestNetworks, SetNetworkOptions } from '../core/guest-networks.ts';
export type { GuestPower, GuestShutdownOptions } from '../core/guest-power.ts';
export type { GuestProcesses, ListProcessesOptions, SignalOptions } from '../core/guest-processes.ts';
export {
  type ControlUnitOptions,
  type GuestUnits,
  type UnitVerb,
  unitBootName,
  unitStateName,
} from '../core/guest-units.ts';
export { LineLength, maxLineBytes } from '../core/line-length.ts';
export type { ListRunsOptions, Runs, StartRunOptions } from '../core/runs.ts';
export type { CallOptions } from '../core/services.ts';
export { signalNumber } from '../core/signal-number.ts';
export type { OpenTerminalOptions, TerminalEvent, TerminalStream } from '../core/terminal-stream.ts';
export type { NewTerminal, Terminals } from '../core/terminals.ts';
export type { OpenTunnelOptions, Tunnel, TunnelTarget } from '../core/tunnel.ts';
export type { UnpackedTar } from '../core/unpacked-tar.ts';
export type { CollectOptions, ExecResult } from '../core/vm/collect-output.ts';
export type { NewVm } from '../core/vm/create-vm.ts';
export type { VmEventsOptions } from '../core/vm/vm-events.ts';
export type { VmExec, VmExecOptions, VmExecOutput } from '../core/vm/vm-exec.ts';
export type { ReadVmFileOptions, VmFile } from '../core/vm/vm-file.ts';
export type { VmFileContent, WriteVmFileOptions } from '../core/vm/vm-file-content.ts';
export type { VmFiles } from '../core/vm/vm-files.ts';
export type { StopOptions, VmHandle } from '../core/vm/vm-handle.ts';
export type { VmGoal, WaitForVmOptions } from '../core/vm/wait-for-vm.ts';
export type { WaitOptions } from '../core/wait-for-operation.ts';
export type { FileWatchEvent, WatchFilesOptions } from '../core/watch-files.ts';
export type { WatchRunOptions } from '../core/watch-run.ts';
export { type ClientOptions, createClient, type InnkeeperClient } from './create-client.ts';
export type { FileContents } from './files.ts';
export { loginForToken, type PasswordLogin } from './login-for-token.ts';
export type { ReadFileOptions, RemoteFile } from './read-file.ts';
export type { ReadTarOptions, RemoteTar } from './read-tar.ts';
export type { NetworkAddress, ServerAddress, SocketAddress } from './server.ts';
export type { WriteFileOptions, WrittenFile } from './write-file.ts';
export type { WriteTarOptions } from './write-tar.ts';
