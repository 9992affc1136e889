import { create } from '@bufbuild/protobuf';
import { type ExecRequest, ExecRequestSchema, ProcessSpecSchema } from '@innkeeper/contract/agent';
import { assertCommandAllowed } from '../access/allowed-commands.ts';
import type { Caller } from '../access/caller.ts';
import { newId } from '../access/secrets.ts';
import type { AuditParameters } from '../audit/audit.ts';
import { redactRequest } from '../audit/redact.ts';
import { ownId } from './own-id.ts';

const maxIdChars = 64;

/**
 * The first request of an exec socket as this caller may make it. A token with allowed commands reaches only processes
 * that it started itself: their ids begin with its own, which it need not know. Throws COMMAND_NOT_ALLOWED,
 * INVALID_ARGUMENT.
 */
export function allowedExecRequest(caller: Caller, request: ExecRequest): ExecRequest {
  const { input } = request;
  if (caller.allowedCommands.length === 0) return request;
  if (input.case === 'attach') {
    return create(ExecRequestSchema, {
      input: { case: 'attach', value: { ...input.value, id: ownId(caller, input.value.id, maxIdChars) } },
    });
  }
  if (input.case !== 'start') return request;
  const spec = input.value;
  assertCommandAllowed(caller, {
    argv: spec.argv,
    isShell: spec.shellCommand !== '',
    hasEnvironment: Object.keys(spec.environment).length > 0,
  });
  const value = create(ProcessSpecSchema, {
    ...spec,
    id: ownId(caller, spec.id === '' ? newId() : spec.id, maxIdChars),
  });
  return create(ExecRequestSchema, { input: { case: 'start', value } });
}

/** What the audit holds of it: the command, not its input; names of the environment, not its values. */
export function describeExec({ input }: ExecRequest): AuditParameters {
  if (input.case === 'start') return redactRequest(ProcessSpecSchema, input.value);
  return input.case === 'attach' ? { attach: input.value.id.slice(0, maxIdChars) } : {};
}
