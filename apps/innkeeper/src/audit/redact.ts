import { createHash } from 'node:crypto';
import type { DescField, DescMessage, Message } from '@bufbuild/protobuf';
import { type ReflectMessage, reflect } from '@bufbuild/protobuf/reflect';
import { AuditField, fieldRulesOf } from '@innkeeper/contract/rules';
import type { AuditParameters, AuditValue } from './audit.ts';

const maxTextChars = 1024;
const maxItems = 64;

/** What the audit may hold of a request. A text whose field has no rule is not held. */
export function redactRequest(schema: DescMessage, request: Message): AuditParameters {
  return redactMessage(reflect(schema, request));
}

function redactMessage(message: ReflectMessage): AuditParameters {
  const kept: Record<string, AuditValue> = {};
  for (const field of message.fields) {
    if (!message.isSet(field)) continue;
    const value = redactField(message, field);
    if (value !== undefined) kept[field.name] = value;
  }
  return kept;
}

function redactField(message: ReflectMessage, field: DescField): AuditValue | undefined {
  if (field.fieldKind === 'message') return redactMessage(message.get(field) as ReflectMessage);
  if (field.fieldKind === 'list' && field.listKind === 'message') {
    const items = [...(message.get(field) as Iterable<ReflectMessage>)];
    return items.slice(0, maxItems).map(redactMessage);
  }
  const value = message.get(field);
  if (!isText(field)) return field.fieldKind === 'list' ? plainList(value) : plain(value);
  const { audit: rule } = fieldRulesOf(field);
  if (rule === AuditField.UNSPECIFIED || rule === AuditField.HIDE) return undefined;
  if (rule === AuditField.DIGEST) return digest(value);
  if (field.fieldKind === 'map') {
    const entries = [...(value as Iterable<[string | number, unknown]>)].slice(0, maxItems);
    if (rule === AuditField.NAMES) return entries.map(([name]) => cut(String(name)));
    return Object.fromEntries(entries.map(([name, item]) => [cut(String(name)), plain(item)]));
  }
  return field.fieldKind === 'list' ? plainList(value) : plain(value);
}

/** Texts, bytes and maps can hold a secret; numbers and switches cannot. */
export function isText(field: DescField): boolean {
  if (field.fieldKind === 'map') return true;
  return (
    (field.fieldKind === 'scalar' || (field.fieldKind === 'list' && field.listKind === 'scalar')) &&
    (field.scalar === 9 || field.scalar === 12)
  );
}

function plainList(value: unknown): AuditValue {
  return [...(value as Iterable<unknown>)].slice(0, maxItems).map(plain);
}

function plain(value: unknown): AuditValue {
  if (typeof value === 'string') return cut(value);
  if (typeof value === 'number' || typeof value === 'boolean') return value;
  if (typeof value === 'bigint') return value.toString();
  return null;
}

/** Identifies the value for those who have it, and reveals nothing to others. */
function digest(value: unknown): AuditValue {
  const bytes = value instanceof Uint8Array ? value : Buffer.from(String(value));
  return { sha256: createHash('sha256').update(bytes).digest('hex'), bytes: bytes.length };
}

function cut(text: string): string {
  return text.length <= maxTextChars ? text : `${text.slice(0, maxTextChars)}…`;
}
