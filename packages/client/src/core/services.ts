import type { DescService } from '@bufbuild/protobuf';
import type { Client } from '@connectrpc/connect';
import {
  AccessService,
  AuditService,
  HistoryService,
  ImageService,
  NodeService,
  OperationService,
  RunService,
  TerminalService,
  VmService,
} from '@innkeeper/contract/control';

/** Options of every method. */
export interface CallOptions {
  readonly signal?: AbortSignal | undefined;
}

/** Makes a client of a service; its calls carry `headers`. */
export type MakeService = <Desc extends DescService>(
  desc: Desc,
  headers?: Readonly<Record<string, string>>,
) => Client<Desc>;

/**
 * The services of the control plane, typed; `proto/control/v1` says what their methods do. All errors are
 * OperationError.
 */
export interface ControlClients {
  readonly access: Client<typeof AccessService>;
  readonly audit: Client<typeof AuditService>;
  readonly history: Client<typeof HistoryService>;
  readonly images: Client<typeof ImageService>;
  readonly node: Client<typeof NodeService>;
  readonly operations: Client<typeof OperationService>;
  readonly runs: Client<typeof RunService>;
  readonly terminals: Client<typeof TerminalService>;
  readonly vms: Client<typeof VmService>;
}

/** Makes clients of all services: the only list, for Node and browsers. */
export function controlClients(service: MakeService): ControlClients {
  return {
    access: service(AccessService),
    audit: service(AuditService),
    history: service(HistoryService),
    images: service(ImageService),
    node: service(NodeService),
    operations: service(OperationService),
    runs: service(RunService),
    terminals: service(TerminalService),
    vms: service(VmService),
  };
}

/** Converts to Connect's options, which do not accept undefined. */
export function callOptions({ signal }: CallOptions = {}): { readonly signal?: AbortSignal } {
  return signal === undefined ? {} : { signal };
}
