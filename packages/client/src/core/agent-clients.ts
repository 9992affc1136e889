import type { Client } from '@connectrpc/connect';
import {
  AccountService,
  FileHandleService,
  FileService,
  FilesystemService,
  GuestProcessService,
  InventoryService,
  LogService,
  NetworkService,
  PowerService,
  ProcessService,
  SystemService,
  TelemetryService,
  TunnelService,
  UnitService,
} from '@innkeeper/contract/agent';
import type { MakeService } from './services.ts';

/**
 * The services of one VM's agent, typed; `proto/agent/v1` says what their methods do. All errors are OperationError.
 */
export interface AgentClients {
  readonly accounts: Client<typeof AccountService>;
  readonly files: Client<typeof FileService>;
  /** Files that stay open. */
  readonly fileHandles: Client<typeof FileHandleService>;
  readonly filesystems: Client<typeof FilesystemService>;
  readonly processes: Client<typeof GuestProcessService>;
  readonly inventory: Client<typeof InventoryService>;
  readonly network: Client<typeof NetworkService>;
  readonly logs: Client<typeof LogService>;
  readonly power: Client<typeof PowerService>;
  /** Commands started by the agent. Bidirectional streams need HTTP/2, so they do not work in a browser. */
  readonly commands: Client<typeof ProcessService>;
  readonly system: Client<typeof SystemService>;
  readonly telemetry: Client<typeof TelemetryService>;
  /** As streams of messages; `openTunnel` is the usual way. */
  readonly tunnels: Client<typeof TunnelService>;
  readonly units: Client<typeof UnitService>;
}

/** Returns clients for the agent of the VM with this id or name; every call carries it in a header. */
export function agentClients(service: MakeService, vm: string): AgentClients {
  const headers = { 'innkeeper-vm': encodeURIComponent(vm) };
  return {
    get accounts() {
      return service(AccountService, headers);
    },
    get fileHandles() {
      return service(FileHandleService, headers);
    },
    get files() {
      return service(FileService, headers);
    },
    get filesystems() {
      return service(FilesystemService, headers);
    },
    get processes() {
      return service(GuestProcessService, headers);
    },
    get inventory() {
      return service(InventoryService, headers);
    },
    get network() {
      return service(NetworkService, headers);
    },
    get logs() {
      return service(LogService, headers);
    },
    get power() {
      return service(PowerService, headers);
    },
    get commands() {
      return service(ProcessService, headers);
    },
    get system() {
      return service(SystemService, headers);
    },
    get telemetry() {
      return service(TelemetryService, headers);
    },
    get tunnels() {
      return service(TunnelService, headers);
    },
    get units() {
      return service(UnitService, headers);
    },
  };
}
