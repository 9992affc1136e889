/* Tables of users, what they may do, how they come in, and what was done. Secrets are kept as SHA-256 in hex only. */

export interface UserTable {
  name: string;
  created_ms: number;
  last_login_ms: number | null;
  /** 0 or 1. */
  disabled: number;
  /** Argon2id in PHC form; null: the user has none. */
  password: string | null;
}

/** Roles that were made; the built-in ones are code. */
export interface RoleTable {
  name: string;
  description: string;
  /** JSON array. */
  privileges: string;
}

export interface RoleBindingTable {
  user_name: string;
  role: string;
  /** "*", "tag:NAME", "tag:NAME=VALUE" or "vm:ID". */
  scope: string;
}

export interface TokenTable {
  id: string;
  hash: string;
  user_name: string;
  name: string;
  /** JSON array; empty: all that the user may. */
  privileges: string;
  scope: string;
  /** JSON array. */
  allowed_commands: string;
  created_ms: number;
  expires_ms: number;
  last_used_ms: number | null;
}

export interface SessionTable {
  /** Public; names the session in lists. */
  id: string;
  hash: string;
  user_name: string;
  address: string;
  user_agent: string;
  created_ms: number;
  last_seen_ms: number;
}

export interface LoginLinkTable {
  hash: string;
  user_name: string;
  expires_ms: number;
}

export interface AuditTable {
  /** 1, 2, 3 … without gaps. */
  id: number;
  time_ms: number;
  user_name: string;
  via: string;
  address: string;
  action: string;
  vm_id: string;
  vm_name: string;
  parameters: string;
  result: string;
  hash: string;
}

/** Something that was let through and whose end is not in the audit yet. */
export interface AuditIntentTable {
  id: string;
  /** The process that answers for it. */
  writer: string;
  /** When another process may close it; its writer moves this on while it lives. */
  expires_ms: number;
  /** AuditFacts as JSON, without a result. */
  facts: string;
}
