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
 * The tables, in SQL that SQLite and PostgreSQL both understand. Times are milliseconds since the epoch; nested
 * values are JSON in a text column.
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
  /** The agent that was installed in its base image: version, or why there is none. */
  agent: string;
  /** The image file over which its disk is an overlay. */
  base_path: string;
  created_ms: number;
  started_ms: number | null;
  /** 1: started with the daemon. */
  autostart: Generated<number>;
  /** The host's boot id when a user last stopped it; empty if it was not stopped since its last start. */
  stopped_boot_id: Generated<string>;
  /** The owning node; empty: no node has taken it over yet. */
  node_id: string;
  /** What its guest takes over from it, as words: "keep-hostname", "fresh". */
  identity: Generated<string>;
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
  /** The owning node; empty: no node has taken it over yet. */
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
  /** The owning node; empty: no node has taken it over yet. */
  node_id: string;
}

export interface EventTable {
  id: Generated<number>;
  time_ms: number;
  vm_id: string;
  kind: string;
  message: string;
  /** How many times it happened, from `first_ms` to `time_ms`. */
  count: Generated<number>;
  /** Null: it happened only once, at `time_ms`. */
  first_ms: Generated<number | null>;
  /** The node on which it happened; empty if unknown. */
  node_id: Generated<string>;
}

/** Packed telemetry of one period at one resolution. */
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
  /** The owning node; empty: no node has taken it over yet. */
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
  /** Offset of the first byte of the process's output that was not received yet. */
  next_offset: number;
  started_ms: number | null;
  ended_ms: number | null;
}

export interface RunOutputTable {
  run_id: string;
  vm_id: string;
  /** Position in the stored output of both streams together. */
  start_offset: number;
  stream: number;
  time_ms: number;
  data: Uint8Array;
}

/** A terminal that runs in a guest, with its current size. */
export interface TerminalTable {
  /** The agent's id of the process is derived from it. */
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

/** A node, as it described itself when it was last seen. */
export interface NodeTable {
  /** That of its data folder. */
  id: string;
  /** The host's. */
  name: string;
  /** The message `Node` of the API as JSON. */
  description: string;
  started_ms: number;
  seen_ms: number;
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
  nodes: NodeTable;
  users: UserTable;
  roles: RoleTable;
  role_bindings: RoleBindingTable;
  tokens: TokenTable;
  sessions: SessionTable;
  login_links: LoginLinkTable;
  audit: AuditTable;
  audit_intents: AuditIntentTable;
}
