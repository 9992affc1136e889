import { isOperationError } from '@innkeeper/contract';
import type { AuditParameters } from '../audit/audit.ts';
import { type AuthorizedCall, checkPage, type Gate, type IdentifiedRequest } from '../edge/gate.ts';

/** A request to forward to the node for a caller. */
export interface ForwardAccess {
  readonly identified: IdentifiedRequest;
  readonly isChange: boolean;
  /** The name in the audit. */
  readonly action: string | undefined;
  /** Redacted. */
  readonly parameters: AuditParameters;
}

/**
 * The control plane's part of the gate: who they are, and whether it is our own page that asks. What they may do is for
 * the node, which also writes the audit; here is written only what the node never heard of. The call ends with
 * ACCESS_CHANGED when the caller's rights change, since the node uses those of the forwarded caller.
 */
export async function openForward(gate: Gate, wanted: ForwardAccess): Promise<AuthorizedCall> {
  const { identified, isChange, action, parameters } = wanted;
  const asked = { identified, isChange, parameters, privilege: 'self', target: 'somewhere' } as const;
  try {
    checkPage(asked);
  } catch (error) {
    await gate.refuse({ ...asked, action }, error);
    throw error;
  }
  return await gate.open({ ...asked, holdsRights: true });
}

/** Closes a call, and audits it if it did not reach the node. */
export async function closeForward(
  gate: Gate,
  wanted: ForwardAccess,
  call: AuthorizedCall,
  error?: unknown,
): Promise<void> {
  await call.close(error);
  if (wanted.action === undefined || !isOperationError(error) || error.reason !== 'NODE_UNREACHABLE') return;
  const { caller } = wanted.identified;
  await gate.audit.record({ caller, action: wanted.action, parameters: wanted.parameters, result: error.reason });
}
