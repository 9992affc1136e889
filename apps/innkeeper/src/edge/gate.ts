import { OperationError } from '@innkeeper/contract';
import type { RequestedCommand } from '@innkeeper/contract/rules';
import type { Log } from '@innkeeper/kit';
import type { Access } from '../access/access.ts';
import { assertCommandAllowed } from '../access/allowed-commands.ts';
import { type AccessTarget, authorize } from '../access/authorize.ts';
import { anonymousCaller } from '../access/caller.ts';
import { hasSameRights } from '../access/same-rights.ts';
import { isSameSecret } from '../access/secrets.ts';
import { type Audit, type AuditParameters, type AuditRecord, auditResult, type Intent } from '../audit/audit.ts';
import { CoalescedCalls } from '../audit/coalesced-calls.ts';
import type { Caller } from '../ports/caller.ts';
import { EntryLimit } from './entry-limit.ts';
import type { RequestFacts } from './web/request-facts.ts';

/** A request with its authenticated caller. */
export interface IdentifiedRequest {
  readonly facts: RequestFacts;
  readonly caller: Caller;
}

/** What a caller wants to do, to be authorized. */
export interface AccessRequest {
  readonly identified: IdentifiedRequest;
  readonly privilege: string;
  readonly target: AccessTarget;
  readonly vm?: { readonly id: string; readonly name: string } | undefined;
  /** Whether it changes something, so that a browser must send its CSRF token. */
  readonly isChange: boolean;
  /** The name in the audit; without one, the call is not audited. */
  readonly action?: string | undefined;
  /** The audited part of the request, redacted. */
  readonly parameters?: AuditParameters | undefined;
  /** Calls share an entry of the audit, with sums of what is noted and no parameters. See `CoalescedCalls`. */
  readonly isCoalesced?: boolean | undefined;
  /** Redacted parameters that all calls of such an entry have. */
  readonly shared?: AuditParameters | undefined;
  /** Whether it may last long, so that its beginning is audited, too. See `AuthorizedCall.begin`. */
  readonly isLong?: boolean | undefined;
  /**
   * For `guest.exec`: the command to start, or "later" if the opener calls `assertCommandAllowed` or starts nothing. A token
   * with allowed commands is refused without it.
   */
  readonly command?: RequestedCommand | 'later' | undefined;
  /** The caller was forwarded to a node, so the call ends with ACCESS_CHANGED if their privileges change. */
  readonly holdsRights?: boolean | undefined;
}

/** An authorized call. It must be closed at its end. */
export interface AuthorizedCall {
  /** The caller's current privileges: roles may be granted and removed while a stream is open. */
  readonly caller: Caller;
  /** Aborted when the session ends, the token is revoked or the privilege is removed. */
  readonly signal: AbortSignal;
  /**
   * Records the intent again, with what was noted since the call was authorized: if the daemon is killed during the call,
   * that is what the audit will have.
   */
  intend(): Promise<void>;
  /** Audits the beginning as ACTION.begin, since the end of a long call may never be recorded. Includes `intend`. */
  begin(): Promise<void>;
  /** Adds audited parameters: how much was sent, how it ended. */
  note(parameters: AuditParameters): void;
  /** Sets the user, for a login. */
  name(userName: string): void;
  /** Writes no entry, for example for the hundredth wrong password. */
  forget(): void;
  /** Ends the call, successfully or with this error. Writes the audit entry; never rejects. */
  close(error?: unknown): Promise<void>;
}

/** The one gate that every method, route and socket passes: authenticates, authorizes and audits. */
export class Gate {
  readonly access: Access;
  readonly audit: Audit;
  readonly coalesced: CoalescedCalls;
  readonly #limit: EntryLimit;

  constructor({ access, audit, log }: { access: Access; audit: Audit; log: Log }) {
    this.access = access;
    this.audit = audit;
    this.coalesced = new CoalescedCalls({ store: access.store, log, clock: access.clock });
    this.#limit = new EntryLimit(() => access.clock.nowMs());
  }

  /** Fails with TOKEN_INVALID, SESSION_EXPIRED. */
  async identify(facts: RequestFacts): Promise<IdentifiedRequest> {
    const caller = await this.access.authenticate(facts.credentials);
    if (caller.via !== 'anonymous') facts.recognize?.();
    return { facts, caller };
  }

  /** For public calls: a caller with an invalid cookie is anonymous. */
  async identifyOrStranger(facts: RequestFacts): Promise<IdentifiedRequest> {
    try {
      return await this.identify(facts);
    } catch (error) {
      if (!(error instanceof OperationError && error.code === 'unauthenticated')) throw error;
      return { facts, caller: anonymousCaller(facts.credentials.address) };
    }
  }

  /** Lets through or throws; a refusal is written down as well. */
  async open(wanted: AccessRequest): Promise<AuthorizedCall> {
    const call = this.#newCall(wanted);
    try {
      checkPage(wanted);
      authorize(wanted.identified.caller, wanted.privilege, wanted.target);
      checkCommand(wanted);
    } catch (error) {
      await call.refuse(error);
      throw error;
    }
    await (wanted.isLong === true ? call.begin() : call.intend());
    return call;
  }

  /** For what was refused before it came here: it did not find its VM, say. */
  async refuse(wanted: AccessRequest, error: unknown): Promise<void> {
    await this.#newCall(wanted).refuse(error);
  }

  /** Lets through, does the work and writes down how it ended. */
  async run<T>(wanted: AccessRequest, work: (call: AuthorizedCall) => Promise<T>): Promise<T> {
    const call = await this.open(wanted);
    try {
      const result = await work(call);
      await call.close();
      return result;
    } catch (error) {
      const why = call.signal.aborted ? call.signal.reason : error;
      await call.close(why);
      throw why;
    }
  }

  #newCall(wanted: AccessRequest): OpenCall {
    if (wanted.isCoalesced === true) return new OpenCall(wanted, this);
    const leftOut =
      wanted.action === undefined ? 0 : this.#limit.take(wanted.identified.caller, wanted.privilege, wanted.vm?.id);
    const said = { ...wanted.parameters, left_out: leftOut ?? 0 };
    const call = new OpenCall(leftOut === 0 ? wanted : { ...wanted, parameters: said }, this);
    if (leftOut === undefined) call.forget();
    return call;
  }
}

class OpenCall implements AuthorizedCall {
  #caller: Caller;
  readonly #wanted: AccessRequest;
  readonly #gate: Gate;
  readonly #live: Disposable & { readonly signal: AbortSignal };
  #parameters: AuditParameters;
  #userName: string | undefined;
  #intent: Intent | undefined;
  #isForgotten = false;
  /** A coalesced call that has been counted. */
  #isCounted = false;
  #isOver = false;

  constructor(wanted: AccessRequest, gate: Gate) {
    const { access } = gate;
    const { identified, privilege, target, holdsRights } = wanted;
    this.#caller = identified.caller;
    this.#wanted = wanted;
    this.#gate = gate;
    this.#parameters = wanted.parameters ?? {};
    this.#live = access.live.open(
      () => access.authenticate(identified.facts.credentials, { isUse: false }),
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
    const { action, privilege, isCoalesced } = this.#wanted;
    // What strangers try is not worth the disk. A login is written down before it is answered.
    if (action === undefined || privilege === 'public' || this.#isForgotten || isCoalesced === true) return;
    this.#intent = await this.#gate.audit.intend(this.#record(action), this.#intent);
  }

  async begin(): Promise<void> {
    const { action, isCoalesced } = this.#wanted;
    if (action === undefined) return;
    if (isCoalesced === true) {
      // A stream reveals from its beginning on, and its end is not another call.
      const isFirst = this.#gate.coalesced.count({ ...this.#record(action), result: 'ok' }, this.#wanted.shared);
      this.#isCounted = true;
      if (isFirst) await this.#gate.coalesced.save();
      return;
    }
    // Asked for in one go, both are in one write.
    await Promise.all([this.intend(), this.#write(`${action}.begin`, 'ok')]);
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
    if (this.#wanted.action !== undefined) await this.#write(this.#wanted.action, auditResult(error), this.#intent);
  }

  async #write(action: string, result: string, intent?: Intent): Promise<void> {
    const { audit, coalesced } = this.#gate;
    if (this.#isCounted) {
      const sums = Object.entries(this.#parameters).filter(
        (each): each is [string, number] => typeof each[1] === 'number',
      );
      if (sums.length > 0)
        coalesced.addTo({ ...this.#record(action), result: 'ok' }, Object.fromEntries(sums), this.#wanted.shared ?? {});
    } else if (this.#isForgotten) {
      if (intent !== undefined) await audit.forget(intent);
    } else if (this.#wanted.isCoalesced === true)
      coalesced.count({ ...this.#record(action), result }, this.#wanted.shared);
    else await audit.record({ ...this.#record(action), result }, intent);
  }

  #record(action: string): Omit<AuditRecord, 'result'> {
    const caller = this.#userName === undefined ? this.caller : { ...this.caller, name: this.#userName };
    return { caller, action, vm: this.#wanted.vm, parameters: this.#parameters };
  }
}

/** Whether it is our own page that uses the session. A token or the unix socket cannot be used by a page unawares. */
export function checkPage({
  identified: { caller, facts },
  isChange,
}: Pick<AccessRequest, 'identified' | 'isChange'>): void {
  // The secret in a guest's page's address stands for the session; see PortGrants.
  if (caller.session === undefined || facts.port?.isGranted === true) return;
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
function checkCommand({ identified: { caller }, privilege, command }: AccessRequest): void {
  if (privilege !== 'guest.exec' || caller.allowedCommands.length === 0 || command === 'later') return;
  if (command === undefined) {
    throw new OperationError('COMMAND_NOT_ALLOWED', 'This token is limited to starting certain commands.');
  }
  assertCommandAllowed(caller, command);
}
