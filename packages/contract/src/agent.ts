/** protobuf-es schemas and types of the agent's operations, for Node and browsers. In the agent: types only. */
export * from './gen/agent/v1/account_pb.ts';
export * from './gen/agent/v1/file_pb.ts';
export * from './gen/agent/v1/file_tar_pb.ts';
export * from './gen/agent/v1/file_types_pb.ts';
export * from './gen/agent/v1/file_watch_pb.ts';
export * from './gen/agent/v1/filesystem_pb.ts';
export * from './gen/agent/v1/frame_pb.ts';
export * from './gen/agent/v1/guest_process_pb.ts';
export * from './gen/agent/v1/inventory_pb.ts';
export * from './gen/agent/v1/log_pb.ts';
export * from './gen/agent/v1/network_pb.ts';
export * from './gen/agent/v1/power_pb.ts';
export * from './gen/agent/v1/process_pb.ts';
export * from './gen/agent/v1/system_pb.ts';
export * from './gen/agent/v1/telemetry_pb.ts';
export * from './gen/agent/v1/tunnel_pb.ts';
export * from './gen/agent/v1/unit_pb.ts';
