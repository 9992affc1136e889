import type { DescMethod, DescService } from '@bufbuild/protobuf';
import { AccountServiceLite } from './gen/agent/v1/account_lite.ts';
import { AccountService } from './gen/agent/v1/account_pb.ts';
import { FileHandleServiceLite } from './gen/agent/v1/file_handle_lite.ts';
import { FileHandleService } from './gen/agent/v1/file_handle_pb.ts';
import { FileServiceLite } from './gen/agent/v1/file_lite.ts';
import { FileService } from './gen/agent/v1/file_pb.ts';
import { FilesystemServiceLite } from './gen/agent/v1/filesystem_lite.ts';
import { FilesystemService } from './gen/agent/v1/filesystem_pb.ts';
import { GuestProcessServiceLite } from './gen/agent/v1/guest_process_lite.ts';
import { GuestProcessService } from './gen/agent/v1/guest_process_pb.ts';
import { InventoryServiceLite } from './gen/agent/v1/inventory_lite.ts';
import { InventoryService } from './gen/agent/v1/inventory_pb.ts';
import { LogServiceLite } from './gen/agent/v1/log_lite.ts';
import { LogService } from './gen/agent/v1/log_pb.ts';
import { NetworkServiceLite } from './gen/agent/v1/network_lite.ts';
import { NetworkService } from './gen/agent/v1/network_pb.ts';
import { PowerServiceLite } from './gen/agent/v1/power_lite.ts';
import { PowerService } from './gen/agent/v1/power_pb.ts';
import { ProcessServiceLite } from './gen/agent/v1/process_lite.ts';
import { ProcessService } from './gen/agent/v1/process_pb.ts';
import { SystemServiceLite } from './gen/agent/v1/system_lite.ts';
import { SystemService } from './gen/agent/v1/system_pb.ts';
import { TelemetryServiceLite } from './gen/agent/v1/telemetry_lite.ts';
import { TelemetryService } from './gen/agent/v1/telemetry_pb.ts';
import { TunnelServiceLite } from './gen/agent/v1/tunnel_lite.ts';
import { TunnelService } from './gen/agent/v1/tunnel_pb.ts';
import { UnitServiceLite } from './gen/agent/v1/unit_lite.ts';
import { UnitService } from './gen/agent/v1/unit_pb.ts';
import { UpdateServiceLite } from './gen/agent/v1/update_lite.ts';
import { UpdateService } from './gen/agent/v1/update_pb.ts';
import type { LiteMethod } from './lite/lite-method.ts';

/** Every service of the agent, served for each VM under its own name. */
export const agentServices: readonly DescService[] = [
  AccountService,
  FileHandleService,
  FileService,
  FilesystemService,
  GuestProcessService,
  InventoryService,
  NetworkService,
  LogService,
  PowerService,
  ProcessService,
  SystemService,
  TelemetryService,
  TunnelService,
  UnitService,
  UpdateService,
];

const liteMethods: ReadonlyMap<string, LiteMethod> = new Map(
  [
    AccountServiceLite,
    FileHandleServiceLite,
    FileServiceLite,
    FilesystemServiceLite,
    GuestProcessServiceLite,
    InventoryServiceLite,
    NetworkServiceLite,
    LogServiceLite,
    PowerServiceLite,
    ProcessServiceLite,
    SystemServiceLite,
    TelemetryServiceLite,
    TunnelServiceLite,
    UnitServiceLite,
    UpdateServiceLite,
  ]
    .flatMap((service) => Object.values<LiteMethod>(service))
    .map((method) => [method.name, method]),
);

/** The lite method for a descriptor of an agent's method; throws for a method of another service. */
export function agentMethod(method: DescMethod): LiteMethod {
  const found = liteMethods.get(`${method.parent.typeName}/${method.name}`);
  if (found === undefined) throw new Error(`${method.toString()} is not a method of the agent`);
  return found;
}
