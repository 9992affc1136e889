/** The options that the schemas declare for methods and fields; `proto/options/v1` documents each option. */
export { Audit, AuditField, CommandPart, CommandRule, OnDisconnect, Subject } from '../gen/options/v1/options_pb.ts';
export { auditAction, fieldRulesOf, isChange, isCoalesced, methodName, rulesOf } from './method-rules.ts';
export { mapOwnedIds, type RequestedCommand, requestedCommand } from './requested-command.ts';
