import type { DescService } from '@bufbuild/protobuf';
import { VMService } from './gen/compat/compute_pb.ts';
import { NodeDaemonService } from './gen/compat/node_daemon_pb.ts';

/** The services of other platforms that are served next to the control plane's own: the only list. */
export const compatServices: readonly DescService[] = [VMService, NodeDaemonService];
