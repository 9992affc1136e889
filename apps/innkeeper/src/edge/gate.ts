import { OperationError } from '@innkeeper/contract';
import type { RequestedCommand } from '@innkeeper/contract/rules';
import type { Access } from '../access/access.ts';
import { assertCommandAllowed } from '../access/allowed-commands.ts';
import { type AccessTarget, authorize } from '../access/authorize.ts';
import { anonymousCaller } from '../access/caller.ts';
import { hasSameRights } from '../access/same-rights.ts';
import { isSameSecret } from '../access/secrets.ts';
import { type Audit, type AuditParameters, type AuditRecord, auditResult, type Intent } from '../audit/audit.ts';
import type { Caller } from '../ports/caller.ts';
import { EntryLimit } from './entry-limit.ts';
import type { RequestFacts } from './web/request-facts.ts';

/** One request, and who made it. */
export interface Visitor {
  readonly facts: RequestFacts;
  readonly caller: Caller;
}

/** What a caller wants to do. */
export interface Entry {
  readonly visitor: Visitor;
  readonly privilege: string;
  readonly target: AccessTarget;
  readonly vm?: { readonly id: string; readonly name: string } | undefined;
  /** A page must prove with its CSRF token that it is ours. */
  readonly isChange: boolean;
  /** The name in the audit; without one nothing is written down. */
  readonly action?: string | undefined;
  /** What the audit holds of the request, redacted. */
  readonly parameters?: AuditParameters | undefined;
  /** It may last: that it began is written down as well. See `Pass.begin`. */
  readonly isLong?: boolean | undefined;
  /**
   * For `guest.exec`: what is to be started, or "later" when whoever opens this asks `assertCommandAllowed` or starts
   * nothing. A token with allowed commands is refused without it.
   */
  readonly command?: RequestedCommand | 'later' | undefined;
  /** The caller was forwarded to a node, so the pass ends with ACCESS_CHANGED if their privileges change. */
  readonly holdsRights?: boolean | undefined;
}

/** What was let through the gate. It must be closed when it is over. */
export interface Pass {
  /** As they are now: roles may be granted and removed while a stream is open. */
  readonly caller: Caller;
  /** Aborted when the session ends, the token is revoked or the privilege is removed. */
  readonly signal: AbortSignal;
  /**
   * Writes down again what is about to be done, with what was noted since it was let through: if the daemon is killed
   * in the middle, that is what the audit will have.
   */
  intend(): Promise<void>;
  /** Writes down that it begins, as ACTION.begin: the end of what lasts may never be seen. Includes `intend`. */
  begin(): Promise<void>;
  /** Adds to what the audit holds: how much was sent, how it ended. */
  note(parameters: AuditParameters): void;
  /** Who it turned out to be, for a login. */
  name(userName: string): void;
  /** Writes no entry, for example for the hundredth wrong password. */
  forget(): void;
  /** Over, well or with this error. Writes the audit entry; never rejects. */
  close(error?: unknown): Promise<void>;
}

/** The one gate that every method, route and socket passes: authenticates, authorizes and audits. */
export class Gate {
  readonly access: Access;
  readonly audit: Audit;
  readonly #limit: EntryLimit;

  constructor({ access, audit }: { access: Access; audit: Audit }) {
    this.access = access;
    this.audit = audit;
    this.#limit = new EntryLimit(() => access.clock.nowMs());
  }

  /** Fails with TOKEN_INVALID, SESSION_EXPIRED. */
  async identify(facts: RequestFacts): Promise<Visitor> {
    const caller = await this.access.authenticate(facts.credentials);
    if (caller.via !== 'anonymous') facts.recognize?.();
    return { facts, caller };
  }

  /** For public calls: a caller with an invalid cookie is anonymous. */
  async identifyOrStranger(facts: RequestFacts): Promise<Visitor> {
    try {
      return await this.identify(facts);
    } catch (error) {
      if (!(error instanceof OperationError && error.code === 'unauthenticated')) throw error;
      return { facts, caller: anonymousCaller(facts.credentials.address) };
    }
  }

  /** Lets through or throws; a refusal is written down as well. */
  async open(entry: Entry): Promise<Pass> {
    const pass = this.#pass(entry);
    try {
      checkPage(entry);
      authorize(entry.visitor.caller, entry.privilege, entry.target);
      checkCommand(entry);
    } catch (error) {
      await pass.refuse(error);
      throw error;
    }
    await (entry.isLong === true ? pass.begin() : pass.intend());
    return pass;
  }

  /** For what was refused before it came here: it did not find its VM, say. */
  async refuse(entry: Entry, error: unknown): Promise<void> {
    await this.#pass(entry).refuse(error);
  }

  /** Lets through, does the work and writes down how it ended. */
  async run<T>(entry: Entry, work: (pass: Pass) => Promise<T>): Promise<T> {
    const pass = await this.open(entry);
    try {
      const result = await work(pass);
      await pass.close();
      return result;
    } catch (error) {
      const why = pass.signal.aborted ? pass.signal.reason : error;
      await pass.close(why);
      throw why;
    }
  }

  #pass(entry: Entry): OpenPass {
    const leftOut =
      entry.action === undefined ? 0 : this.#limit.take(entry.visitor.caller, entry.privilege, entry.vm?.id);
    const said = { ...entry.parameters, left_out: leftOut ?? 0 };
    const pass = new OpenPass(leftOut === 0 ? entry : { ...entry, parameters: said }, this.access, this.audit);
    if (leftOut === undefined) pass.forget();
    return pass;
  }
}

class OpenPass implements Pass {
  #caller: Caller;
  readonly #entry: Entry;
  readonly #audit: Audit;
  readonly #live: Disposable & { readonly signal: AbortSignal };
  #parameters: AuditParameters;
  #userName: string | undefined;
  #intent: Intent | undefined;
  #isForgotten = false;
  #isOver = false;

  constructor(entry: Entry, access: Access, audit: Audit) {
    const { visitor, privilege, target, holdsRights } = entry;
    this.#caller = visitor.caller;
    this.#entry = entry;
    this.#audit = audit;
    this.#parameters = entry.parameters ?? {};
    this.#live = access.live.open(
      () => access.authenticate(visitor.facts.credentials, { isUse: false }),
      (caller) => {
        authorize(caller, privilege, target);
        if (holdsRights === true && !hasSameRights(caller, this.#caller)) throw accessChanged();
        this.#caller = caller;
      },
    );
  }

  get caller(): Caller {
    return this.#caller;
  }

  get signal(): AbortSignal {
    return this.#live.signal;
  }

  note(parameters: AuditParameters): void {
    this.#parameters = { ...this.#parameters, ...parameters };
  }

  name(userName: string): void {
    this.#userName = userName;
  }

  forget(): void {
    this.#isForgotten = true;
  }

  async intend(): Promise<void> {
    const { action, privilege } = this.#entry;
    // What strangers try is not worth the disk. A login is written down before it is answered.
    if (action === undefined || privilege === 'public' || this.#isForgotten) return;
    this.#intent = await this.#audit.intend(this.#record(action), this.#intent);
  }

  async begin(): Promise<void> {
    const { action } = this.#entry;
    // Asked for in one go, both are in one write.
    if (action !== undefined) await Promise.all([this.intend(), this.#write(`${action}.begin`, 'ok')]);
  }

  /** Strangers who are refused are not written down: anybody could fill the disk. */
  async refuse(error: unknown): Promise<void> {
    if (this.caller.via === 'anonymous') this.forget();
    await this.close(error);
  }

  async close(error?: unknown): Promise<void> {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#live[Symbol.dispose]();
    if (this.#entry.action !== undefined) await this.#write(this.#entry.action, auditResult(error), this.#intent);
  }

  async #write(action: string, result: string, intent?: Intent): Promise<void> {
    if (!this.#isForgotten) await this.#audit.record({ ...this.#record(action), result }, intent);
    else if (intent !== undefined) await this.#audit.forget(intent);
  }

  #record(action: string): Omit<AuditRecord, 'result'> {
    const caller = this.#userName === undefined ? this.caller : { ...this.caller, name: this.#userName };
    return { caller, action, vm: this.#entry.vm, parameters: this.#parameters };
  }
}

/** Whether it is our own page that uses the session. A token or the unix socket cannot be used by a page unawares. */
export function checkPage({ visitor: { caller, facts }, isChange }: Pick<Entry, 'visitor' | 'isChange'>): void {
  if (caller.session === undefined) return;
  if (facts.fetchSite === 'cross-site' || facts.fetchSite === 'same-site') {
    throw new OperationError('ORIGIN_REFUSED', 'A page of another origin cannot use this session.');
  }
  // A page's socket cannot carry the token; its origin says whose page it is.
  if (facts.isUpgrade && facts.origin === undefined) {
    throw new OperationError('ORIGIN_REFUSED', 'A WebSocket that uses a session must send an Origin header.');
  }
  if (isChange && !isSameSecret(facts.csrfToken ?? '', caller.session.csrfToken)) {
    throw new OperationError(
      'CSRF_REFUSED',
      'The x-innkeeper-csrf header is missing or does not belong to this session.',
    );
  }
}

function accessChanged(): OperationError {
  return new OperationError('ACCESS_CHANGED', 'Your privileges changed while this was open.');
}

/** Whoever may start some commands only may not do whatever else `guest.exec` allows. */
function checkCommand({ visitor: { caller }, privilege, command }: Entry): void {
  if (privilege !== 'guest.exec' || caller.allowedCommands.length === 0 || command === 'later') return;
  if (command === undefined) {
    throw new OperationError('COMMAND_NOT_ALLOWED', 'This token is limited to starting certain commands.');
  }
  assertCommandAllowed(caller, command);
}
