import type { Generated } from 'kysely';
import type {
  AuditIntentTable,
  AuditTable,
  LoginLinkTable,
  RoleBindingTable,
  RoleTable,
  SessionTable,
  TokenTable,
  UserTable,
} from './access-schema.ts';

/*
 * The tables, in SQL that SQLite and PostgreSQL both understand. Times are milliseconds since the epoch; what is
 * nested is JSON in a text column.
 */

export interface VmTable {
  id: string;
  name: string;
  state: string;
  state_detail: string;
  image: string;
  cpus: number;
  memory_bytes: number;
  disk_bytes: number;
  mac_address: string;
  tags: string;
  driver: string;
  /** The driver's record of the running process; null while there is none. */
  record: string | null;
  /** The agent that was put into its base: version, or why there is none. */
  agent: string;
  /** The image file that its disk is an overlay of. */
  base_path: string;
  created_ms: number;
  started_ms: number | null;
  /** 1: it starts with the daemon. */
  autostart: Generated<number>;
  /** The boot of the host during which somebody stopped it last; empty for none since its last start. */
  stopped_boot_id: Generated<string>;
  /** The node that it belongs to; empty: no node has taken it over yet. */
  node_id: string;
}

export interface ImageTable {
  name: string;
  format: string;
  path: string;
  virtual_bytes: number;
  sha256: string;
  added_ms: number;
  kernel: string | null;
  base: string | null;
  /** The node that it belongs to; empty: no node has taken it over yet. */
  node_id: string;
}

export interface OperationTable {
  id: string;
  kind: string;
  state: string;
  target: string;
  vm_id: string;
  stage: string;
  progress: number | null;
  log: string;
  error: string | null;
  started_ms: number;
  ended_ms: number | null;
  /** The node that it belongs to; empty: no node has taken it over yet. */
  node_id: string;
}

export interface EventTable {
  id: Generated<number>;
  time_ms: number;
  vm_id: string;
  kind: string;
  message: string;
  /** How often it happened, from `first_ms` to `time_ms`. */
  count: Generated<number>;
  /** Null: it happened once, at `time_ms`. */
  first_ms: Generated<number | null>;
  /** The node on which it happened; empty when no node is known. */
  node_id: Generated<string>;
}

/** Telemetry of one stretch of time at one resolution, packed. */
export interface HistoryBlockTable {
  vm_id: string;
  step_ms: number;
  start_ms: number;
  data: Uint8Array;
}

export interface RunTable {
  id: string;
  user_name: string;
  title: string;
  /** RunSpec as JSON. */
  spec: string;
  state: string;
  started_ms: number;
  ended_ms: number | null;
  /** The node that it belongs to; empty: no node has taken it over yet. */
  node_id: string;
}

export interface RunTargetTable {
  run_id: string;
  vm_id: string;
  vm_name: string;
  state: string;
  /** ExecExited as JSON. */
  exited: string | null;
  error: string | null;
  kept_bytes: number;
  /** First byte of the process's output that was not seen yet. */
  next_offset: number;
  started_ms: number | null;
  ended_ms: number | null;
}

export interface RunOutputTable {
  run_id: string;
  vm_id: string;
  /** Position in what is kept of both streams together. */
  start_offset: number;
  stream: number;
  time_ms: number;
  data: Uint8Array;
}

/** A terminal that runs in a guest, with the size that it has now. */
export interface TerminalTable {
  /** The agent's id of the process is made of it. */
  id: string;
  node_id: string;
  vm_id: string;
  title: string;
  guest_user: string;
  /** JSON array. */
  argv: string;
  columns: number;
  rows: number;
  created_ms: number;
  created_by: string;
}

/** Facts about the database itself. */
export interface FactTable {
  name: string;
  value: string;
}

export interface Schema {
  facts: FactTable;
  vms: VmTable;
  images: ImageTable;
  operations: OperationTable;
  events: EventTable;
  history_blocks: HistoryBlockTable;
  runs: RunTable;
  run_targets: RunTargetTable;
  run_outputs: RunOutputTable;
  terminals: TerminalTable;
  users: UserTable;
  roles: RoleTable;
  role_bindings: RoleBindingTable;
  tokens: TokenTable;
  sessions: SessionTable;
  login_links: LoginLinkTable;
  audit: AuditTable;
  audit_intents: AuditIntentTable;
}
