/** Tags of every field of the agent's messages, for the frequent messages whose codec is written by hand; that of frames is generated. */
export * from './gen/agent/v1/account_tags.ts';
export * from './gen/agent/v1/file_tags.ts';
export * from './gen/agent/v1/file_tar_tags.ts';
export * from './gen/agent/v1/file_types_tags.ts';
export * from './gen/agent/v1/file_watch_tags.ts';
export * from './gen/agent/v1/filesystem_tags.ts';
export * from './gen/agent/v1/frame_tags.ts';
export * from './gen/agent/v1/guest_process_tags.ts';
export * from './gen/agent/v1/inventory_tags.ts';
export * from './gen/agent/v1/log_tags.ts';
export * from './gen/agent/v1/network_tags.ts';
export * from './gen/agent/v1/power_tags.ts';
export * from './gen/agent/v1/process_tags.ts';
export * from './gen/agent/v1/system_tags.ts';
export * from './gen/agent/v1/telemetry_tags.ts';
export * from './gen/agent/v1/tunnel_tags.ts';
export * from './gen/agent/v1/unit_tags.ts';
