import { randomUUID } from 'node:crypto';
import type { Log } from '@innkeeper/kit';
import type { AuditFacts, Store } from '@innkeeper/store';
import type { Caller } from '../ports/caller.ts';
import { knownFailure } from '../ports/failure.ts';
import { type AuditWriterId, nodeWriter } from './interrupted.ts';

/** A value that an entry may hold. */
export type AuditValue =
  | string
  | number
  | boolean
  | null
  | readonly AuditValue[]
  | { readonly [name: string]: AuditValue };
export type AuditParameters = Readonly<Record<string, AuditValue>>;

export interface AuditRecord {
  /** A run continues without its user, so its end has no login. */
  readonly caller: Pick<Caller, 'name' | 'address' | 'token'> & { readonly via: Caller['via'] | 'run' };
  /** Such as "VmService/StopVm", "guest.exec", "login". */
  readonly action: string;
  readonly vm?: { readonly id: string; readonly name: string } | undefined;
  /** Redacted already: never a secret, contents or standard input. */
  readonly parameters: AuditParameters;
  /** "ok", or the reason of the error. */
  readonly result: string;
  /** When it happened; default: now. */
  readonly timeMs?: number;
}

/** Of one entry, as JSON; what is longer is cut. */
const maxParameterChars = 8192;
const maxActionChars = 100;
/** For intents that no other process may close. */
const never = Number.MAX_SAFE_INTEGER;

/** What was written down before it is done. */
export interface Intent {
  readonly id: string;
}

export interface AuditOptions {
  readonly store: Store;
  readonly log: Log;
  readonly nowMs: () => number;
  /** Who owns open intents. Default: the one daemon with VMs of this database. */
  readonly writer?: AuditWriterId;
}

/** Records who did what, with the result. */
export class Audit {
  readonly #store: Store;
  readonly #log: Log;
  readonly #nowMs: () => number;
  readonly #writer: AuditWriterId;

  constructor({ store, log, nowMs, writer = nodeWriter }: AuditOptions) {
    this.#store = store;
    this.#log = log;
    this.#nowMs = nowMs;
    this.#writer = writer;
  }

  /**
   * Records what is about to be done. Resolves when that is on disk, so that the act is recorded even if the daemon is
   * killed right after it; `record` with this intent closes it. With an intent already, replaces what it says.
   * Never rejects: what cannot be kept goes to the log, since a full disk must not keep anybody from stopping a VM.
   */
  async intend(
    record: Omit<AuditRecord, 'result'> & { result?: string },
    intent?: Intent,
  ): Promise<Intent | undefined> {
    const facts = this.#facts({ result: '', ...record });
    const id = intent?.id ?? randomUUID();
    try {
      const expiresMs = this.#writer.lifetimeMs === undefined ? never : this.#nowMs() + this.#writer.lifetimeMs;
      await this.#store.audit.intend({ id, writer: this.#writer.id, expiresMs, facts });
      return { id };
    } catch (error) {
      this.#log.error('audit.intent-lost', { ...facts, error: String(error) });
      return intent;
    }
  }

  /** Drops an intent without an entry. Never rejects. */
  async forget({ id }: Intent): Promise<void> {
    try {
      await this.#store.audit.forget(id);
    } catch (error) {
      this.#log.error('audit.intent-not-forgotten', { error: String(error) });
    }
  }

  /** Resolves when the entry is on disk. Never rejects: an entry that cannot be kept goes to the log whole. */
  async record(record: AuditRecord, intent?: Intent): Promise<void> {
    const facts = this.#facts(record);
    try {
      await this.#store.audit.append(facts, { closes: intent?.id });
    } catch (error) {
      // A full disk must not keep anybody from stopping a VM.
      this.#log.error('audit.lost', { ...facts, error: String(error) });
    }
  }

  #facts({ caller, action, vm, parameters, result, timeMs }: AuditRecord): AuditFacts {
    return {
      time_ms: timeMs ?? this.#nowMs(),
      user_name: caller.name,
      via: caller.token === undefined ? caller.via : `token ${caller.token.name}`,
      address: caller.address,
      action: action.slice(0, maxActionChars),
      vm_id: vm?.id ?? '',
      vm_name: vm?.name ?? '',
      parameters: boundedJson(parameters),
      result,
    };
  }
}

/** The result of an act in the audit. */
export function auditResult(error: unknown): string {
  if (error === undefined) return 'ok';
  return knownFailure(error)?.reason ?? 'INTERNAL';
}

function boundedJson(parameters: AuditParameters): string {
  const text = JSON.stringify(parameters);
  if (text.length <= maxParameterChars) return text;
  return JSON.stringify({ cut: text.slice(0, maxParameterChars / 2) });
}
