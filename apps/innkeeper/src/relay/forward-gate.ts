import { isOperationError } from '@innkeeper/contract';
import type { AuditParameters } from '../audit/audit.ts';
import { checkPage, type Gate, type Pass, type Visitor } from '../edge/gate.ts';

/** A request to forward to the node for a caller. */
export interface ForwardEntry {
  readonly visitor: Visitor;
  readonly isChange: boolean;
  /** The name in the audit. */
  readonly action: string | undefined;
  /** Redacted. */
  readonly parameters: AuditParameters;
}

/**
 * The control plane's part of the gate: who they are, and whether it is our own page that asks. What they may do is for
 * the node, which also writes the audit; here is written only what the node never heard of. The pass ends with
 * ACCESS_CHANGED when the caller's rights change, since the node uses those of the forwarded caller.
 */
export async function openForward(gate: Gate, entry: ForwardEntry): Promise<Pass> {
  const { visitor, isChange, action, parameters } = entry;
  const asked = { visitor, isChange, parameters, privilege: 'self', target: 'somewhere' } as const;
  try {
    checkPage(asked);
  } catch (error) {
    await gate.refuse({ ...asked, action }, error);
    throw error;
  }
  return await gate.open({ ...asked, holdsRights: true });
}

/** Closes a pass, and audits a call that did not reach the node. */
export async function closeForward(gate: Gate, entry: ForwardEntry, pass: Pass, error?: unknown): Promise<void> {
  await pass.close(error);
  if (entry.action === undefined || !isOperationError(error) || error.reason !== 'NODE_UNREACHABLE') return;
  const { caller } = entry.visitor;
  await gate.audit.record({ caller, action: entry.action, parameters: entry.parameters, result: error.reason });
}
