/** The entry point `@innkeeper/contract/agent-lite`: field and method tables of every message an agent sends or receives. */
export * from './gen/agent/v1/account_lite.ts';
export * from './gen/agent/v1/capabilities_lite.ts';
export * from './gen/agent/v1/file_lite.ts';
export * from './gen/agent/v1/file_tar_lite.ts';
export * from './gen/agent/v1/file_types_lite.ts';
export * from './gen/agent/v1/file_watch_lite.ts';
export * from './gen/agent/v1/filesystem_lite.ts';
export * from './gen/agent/v1/frame_lite.ts';
export * from './gen/agent/v1/guest_process_lite.ts';
export * from './gen/agent/v1/inventory_lite.ts';
export * from './gen/agent/v1/network_lite.ts';
export * from './gen/agent/v1/power_lite.ts';
export * from './gen/agent/v1/process_lite.ts';
export * from './gen/agent/v1/system_lite.ts';
export * from './gen/agent/v1/telemetry_lite.ts';
export * from './gen/agent/v1/tunnel_lite.ts';
export * from './gen/agent/v1/unit_lite.ts';
