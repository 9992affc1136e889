import { type DescField, type DescMethod, getOption } from '@bufbuild/protobuf';
import { MethodOptions_IdempotencyLevel } from '@bufbuild/protobuf/wkt';
import {
  Audit,
  type FieldRules,
  field as fieldOption,
  type MethodRules,
  rules as methodOption,
} from '../gen/options/v1/options_pb.ts';

/** The options of a method. */
export function rulesOf(method: DescMethod): MethodRules {
  return getOption(method, methodOption);
}

/** The options of a field. */
export function fieldRulesOf(field: DescField): FieldRules {
  return getOption(field, fieldOption);
}

/** "VmService/StopVm". */
export function methodName(method: DescMethod): string {
  return `${method.parent.name}/${method.name}`;
}

/** Whether the method has side effects: true unless it is declared free of them. */
export function isChange(method: DescMethod): boolean {
  return method.idempotency !== MethodOptions_IdempotencyLevel.NO_SIDE_EFFECTS;
}

/** The method's name in the audit; undefined when its calls are not audited. */
export function auditAction(method: DescMethod): string | undefined {
  const { audit, action } = rulesOf(method);
  if (audit !== Audit.CALL && audit !== Audit.COALESCED) return undefined;
  return action === '' ? methodName(method) : action;
}

/** Whether several calls of the method share one entry of the audit, which contains nothing of their requests. */
export function isCoalesced(method: DescMethod): boolean {
  return rulesOf(method).audit === Audit.COALESCED;
}
