import { type ExecRequest, ExecRequestSchema, ProcessSpecSchema } from '@innkeeper/contract/agent';
import { maxIdChars } from '@innkeeper/contract/limits';
import { requestedCommand } from '@innkeeper/contract/rules';
import { assertCommandAllowed } from '../access/allowed-commands.ts';
import type { AuditParameters } from '../audit/audit.ts';
import { redactRequest } from '../audit/redact.ts';
import { withOwnedIds } from '../edge/own-id.ts';
import type { Caller } from '../ports/caller.ts';

/** Checks the first request of an exec socket for this caller. Throws COMMAND_NOT_ALLOWED, INVALID_ARGUMENT. */
export function allowedExecRequest(caller: Caller, request: ExecRequest): ExecRequest {
  const command = requestedCommand(ExecRequestSchema, request);
  if (command !== undefined) assertCommandAllowed(caller, command);
  return withOwnedIds(ExecRequestSchema, request, caller);
}

/** What the audit records: the command, not its input; names of environment variables, not their values. */
export function describeExec({ input }: ExecRequest): AuditParameters {
  if (input.case === 'start') return redactRequest(ProcessSpecSchema, input.value);
  return input.case === 'attach' ? { attach: input.value.id.slice(0, maxIdChars) } : {};
}
