import type { System } from '@innkeeper/contract/agent';

/** The features served in this dialect, by the names that its hosts know, and the agent's capability for each. */
const capabilities: readonly (readonly [name: string, needs: string])[] = [
  ['telemetry', 'telemetry'],
  ['execute', 'exec'],
  ['file_read', 'file.read'],
  ['file_write', 'file.write'],
  ['file_list', 'file.read'],
  ['file_delete', 'file.write'],
  ['file_stat', 'file.read'],
  ['directory_create', 'file.write'],
  ['shutdown', 'power'],
  ['reboot', 'power'],
  ['reset_password', 'accounts'],
  ['configure_network', 'network'],
  ['quiesce', 'filesystem.freeze'],
  ['thaw', 'filesystem.freeze'],
  ['sync_time', 'system'],
  ['process_list', 'processes'],
  ['process_kill', 'processes'],
  ['service_list', 'units'],
  ['service_control', 'units'],
  ['hardware_info', 'inventory'],
  ['software_list', 'inventory'],
  ['user_context_exec', 'exec.user'],
];

/** What the agent can do in this guest, by the names that hosts of this dialect know. */
export function capabilityNames(system: System): string[] {
  const has = new Set(system.capabilities);
  return capabilities.filter(([, needs]) => has.has(needs)).map(([name]) => name);
}
