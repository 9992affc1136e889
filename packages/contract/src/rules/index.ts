/** What the schemas declare of methods and fields; `proto/options/v1` says what each declaration means. */
export { Audit, AuditField, CommandPart, CommandRule, OnDisconnect, Subject } from '../gen/options/v1/options_pb.ts';
export { auditAction, fieldRulesOf, isChange, methodName, rulesOf } from './method-rules.ts';
export { mapOwnedIds, type RequestedCommand, requestedCommand } from './requested-command.ts';
