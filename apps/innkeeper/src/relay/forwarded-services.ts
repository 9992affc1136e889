import type { DescService } from '@bufbuild/protobuf';
import { agentServices } from '@innkeeper/contract/agent-services';
import { compatServices } from '@innkeeper/contract/compat-services';
import {
  AdoptService,
  HistoryService,
  ImageService,
  OperationService,
  RunService,
  TerminalService,
  VmService,
} from '@innkeeper/contract/control';

/** What only the node can answer, as NodeService beside them. Users and the audit are in the database, which the control plane has itself. */
export const forwardedServices: readonly DescService[] = [
  ...agentServices,
  ...[AdoptService, HistoryService, ImageService],
  ...[OperationService, RunService, TerminalService, VmService],
  ...compatServices,
];
