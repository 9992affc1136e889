import { AccessService } from './gen/control/v1/access_pb.ts';
import { AdoptService } from './gen/control/v1/adopt_pb.ts';
import { AuditService } from './gen/control/v1/audit_pb.ts';
import { HistoryService } from './gen/control/v1/history_pb.ts';
import { ImageService } from './gen/control/v1/image_pb.ts';
import { NodeService } from './gen/control/v1/node_pb.ts';
import { OperationService } from './gen/control/v1/operation_pb.ts';
import { RunService } from './gen/control/v1/run_pb.ts';
import { TerminalService } from './gen/control/v1/terminal_pb.ts';
import { VmService } from './gen/control/v1/vm_pb.ts';

/** Every service of the control plane, under the name that it has in a client: the only list. */
export const controlServices = {
  vms: VmService,
  adopted: AdoptService,
  images: ImageService,
  operations: OperationService,
  runs: RunService,
  terminals: TerminalService,
  history: HistoryService,
  node: NodeService,
  access: AccessService,
  audit: AuditService,
} as const;
