/* Tables of users, privileges, logins and the audit. Of secrets, only a SHA-256 in hex is stored. */

export interface UserTable {
  name: string;
  created_ms: number;
  last_login_ms: number | null;
  /** 0 or 1. */
  disabled: number;
  /** Argon2id in PHC format; null: the user has no password. */
  password: string | null;
}

/** Custom roles; the built-in ones are in code. */
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
  /** JSON array; empty: all privileges of the user. */
  privileges: string;
  scope: string;
  /** JSON array. */
  allowed_commands: string;
  created_ms: number;
  expires_ms: number;
  last_used_ms: number | null;
}

export interface SessionTable {
  /** Public: identifies the session in lists. */
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

/** An authorized act whose result is not in the audit yet. */
export interface AuditIntentTable {
  id: string;
  /** The process that is responsible for it. */
  writer: string;
  /** When another process may close it; its writer extends this while it runs. */
  expires_ms: number;
  /** AuditFacts as JSON, without a result. */
  facts: string;
}
