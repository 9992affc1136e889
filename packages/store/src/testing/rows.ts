import type { ImageRow } from '../repositories/images.ts';
import type { OperationRow } from '../repositories/operations.ts';
import type { VmRow } from '../repositories/vms.ts';

// Rows as a daemon stores them, for tests.

export const image: ImageRow = {
  name: 'tiny',
  format: 'raw',
  path: 'images/tiny/original.raw',
  virtual_bytes: 2 ** 40,
  sha256: '',
  added_ms: 1,
  kernel: null,
  base: null,
  node_id: 'n',
};

export const vm: VmRow = {
  id: 'a',
  name: 'one',
  state: 'stopped',
  state_detail: '',
  image: 'tiny',
  cpus: 1,
  memory_bytes: 2 ** 36,
  disk_bytes: 0,
  mac_address: '02:00:00:00:00:01',
  tags: '{}',
  driver: 'fake',
  record: null,
  agent: '{}',
  base_path: '',
  created_ms: 1,
  started_ms: null,
  autostart: 0,
  stopped_boot_id: '',
  identity: '',
  node_id: 'n',
};

export const operation: OperationRow = {
  id: 'o',
  kind: 'vm.create',
  state: 'running',
  target: 'one',
  vm_id: 'a',
  stage: '',
  progress: null,
  log: '[]',
  error: null,
  started_ms: 1,
  ended_ms: null,
  node_id: 'n',
};

/** As its node stores it. */
export const terminal = {
  id: 't',
  vm_id: 'a',
  title: '',
  guest_user: '',
  argv: '["sh"]',
  columns: 80,
  rows: 24,
  created_ms: 2 ** 41,
  created_by: 'ann',
};

/** A VM of run "r" whose command has not started yet. */
export const target = {
  run_id: 'r',
  vm_id: 'a',
  vm_name: 'one',
  state: 'running',
  exited: null,
  error: null,
  kept_bytes: 0,
  next_offset: 0,
  started_ms: null,
  ended_ms: null,
};
