import type { DescMessage, MessageShape } from '@bufbuild/protobuf';
import { type ExecRequest, ExecRequestSchema, ProcessSpecSchema } from '@innkeeper/contract/agent';
import { mapOwnedIds, requestedCommand } from '@innkeeper/contract/rules';
import { assertCommandAllowed } from '../access/allowed-commands.ts';
import type { Caller } from '../access/caller.ts';
import { newId } from '../access/secrets.ts';
import type { AuditParameters } from '../audit/audit.ts';
import { redactRequest } from '../audit/redact.ts';
import { ownId } from './own-id.ts';

/** Of an id that the agent takes. */
const maxIdChars = 64;

/**
 * A request as this caller may make it: a token that is limited to certain commands reaches only what it started itself, so
 * the ids in it begin with the token's own, which it need not know. Throws INVALID_ARGUMENT.
 */
export function withOwnedIds<Desc extends DescMessage>(
  schema: Desc,
  request: MessageShape<Desc>,
  caller: Caller,
): MessageShape<Desc> {
  if (caller.allowedCommands.length === 0) return request;
  return mapOwnedIds(schema, request, (id) => ownId(caller, id === '' ? newId() : id, maxIdChars));
}

/** The first request of an exec socket as this caller may make it. Throws COMMAND_NOT_ALLOWED, INVALID_ARGUMENT. */
export function allowedExecRequest(caller: Caller, request: ExecRequest): ExecRequest {
  const command = requestedCommand(ExecRequestSchema, request);
  if (command !== undefined) assertCommandAllowed(caller, command);
  return withOwnedIds(ExecRequestSchema, request, caller);
}

/** What the audit holds of it: the command, not its input; names of the environment, not its values. */
export function describeExec({ input }: ExecRequest): AuditParameters {
  if (input.case === 'start') return redactRequest(ProcessSpecSchema, input.value);
  return input.case === 'attach' ? { attach: input.value.id.slice(0, maxIdChars) } : {};
}
