import { isOperationError } from '@innkeeper/contract';
import type { Log } from '@innkeeper/kit';
import type { Store } from '@innkeeper/store';
import type { Caller } from '../access/caller.ts';

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
  /** A run goes on without its user, so that its end came in by nobody. */
  readonly caller: Pick<Caller, 'name' | 'address' | 'token'> & { readonly via: Caller['via'] | 'run' };
  /** Such as "VmService/StopVm", "guest.exec", "login". */
  readonly action: string;
  readonly vm?: { readonly id: string; readonly name: string } | undefined;
  /** Redacted already: never a secret, contents or standard input. */
  readonly parameters: AuditParameters;
  /** "ok", or the reason of the error. */
  readonly result: string;
}

/** Of one entry, as JSON; what is longer is cut. */
const maxParameterChars = 8192;
const maxActionChars = 100;

/** Writes down who did what, and how it ended. */
export class Audit {
  readonly #store: Store;
  readonly #log: Log;
  readonly #nowMs: () => number;

  constructor({ store, log, nowMs }: { store: Store; log: Log; nowMs: () => number }) {
    this.#store = store;
    this.#log = log;
    this.#nowMs = nowMs;
  }

  /** Resolves when the entry is on disk. Never rejects: an entry that cannot be kept goes to the log whole. */
  async record({ caller, action, vm, parameters, result }: AuditRecord): Promise<void> {
    const facts = {
      time_ms: this.#nowMs(),
      user_name: caller.name,
      via: caller.token === undefined ? caller.via : `token ${caller.token.name}`,
      address: caller.address,
      action: action.slice(0, maxActionChars),
      ...{ vm_id: vm?.id ?? '', vm_name: vm?.name ?? '' },
      parameters: boundedJson(parameters),
      result,
    };
    try {
      await this.#store.audit.append(facts);
    } catch (error) {
      // A full disk must not keep anybody from stopping a VM.
      this.#log.error('audit.lost', { ...facts, error: String(error) });
    }
  }
}

/** How something ended, as the audit says it. */
export function auditResult(error: unknown): string {
  if (error === undefined) return 'ok';
  if (isOperationError(error)) return error.reason;
  return error instanceof Error && error.name === 'AbortError' ? 'CANCELED' : 'INTERNAL';
}

function boundedJson(parameters: AuditParameters): string {
  const text = JSON.stringify(parameters);
  if (text.length <= maxParameterChars) return text;
  return JSON.stringify({ cut: text.slice(0, maxParameterChars / 2) });
}
