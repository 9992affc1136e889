import { type DescField, type DescMessage, type MessageShape, ScalarType } from '@bufbuild/protobuf';

/** Limits of lists and text, since a guest can report anything; longer ones are cut. */
export const maxEntries = 256;
export const maxCharacters = 512;
/** One exbibyte, more than any amount that a guest has or has counted since it booted. */
const maxNumber = 1n << 60n;
const maxSeconds = 100n * 365n * 86_400n;
const maxDouble = 1e9;
const maxPercent = 100;

/** Fields that cannot exceed another field, their total. */
const wholes: Readonly<Record<string, string>> = {
  usedBytes: 'totalBytes',
  availableBytes: 'totalBytes',
  freeBytes: 'totalBytes',
  swapFreeBytes: 'swapTotalBytes',
  inodesFree: 'inodesTotal',
};

/**
 * Returns a copy of a guest's report without impossible values: they become absent, like values that were not measured, or
 * the default of a field without presence. Lists and text are cut to a limit. A total of 0 counts as unknown.
 */
export function sanitizeReport<Desc extends DescMessage>(desc: Desc, message: MessageShape<Desc>): MessageShape<Desc> {
  const copy = { ...message } as Record<string, unknown>;
  for (const field of desc.fields) {
    if (field.oneof !== undefined) continue;
    const name = field.localName;
    const value = sanitizeField(field, copy[name]);
    if (value === undefined) forget(field, copy);
    else copy[name] = value;
  }
  for (const field of desc.fields) {
    const [part, whole] = [copy[field.localName], copy[wholes[field.localName] ?? '']];
    if (typeof part === 'bigint' && typeof whole === 'bigint' && whole > 0n && part > whole) forget(field, copy);
  }
  return copy as MessageShape<Desc>;
}

/** Undefined for an impossible or absent value. */
function sanitizeField(field: DescField, value: unknown): unknown {
  if (value === undefined) return undefined;
  if (field.fieldKind === 'message') return sanitizePart(field.message, value as MessageShape<DescMessage>);
  if (field.fieldKind === 'scalar') return sanitizeScalar(field.scalar, field.localName, value);
  if (field.fieldKind !== 'list') return value;
  const entries = (value as unknown[]).slice(0, maxEntries);
  if (field.listKind === 'message')
    return entries.map((entry) => sanitizeReport(field.message, entry as MessageShape<DescMessage>));
  return entries.map((entry) => (typeof entry === 'string' ? entry.slice(0, maxCharacters) : entry));
}

/** Undefined when it has an impossible percentage without presence, where 0 would look like a measurement. */
function sanitizePart(desc: DescMessage, message: MessageShape<DescMessage>): unknown {
  const values: Readonly<Record<string, unknown>> = { ...message };
  const isWrong = desc.fields.some(
    (field) =>
      field.fieldKind === 'scalar' &&
      field.scalar === ScalarType.DOUBLE &&
      !field.proto.proto3Optional &&
      sanitizeScalar(field.scalar, field.localName, values[field.localName]) === undefined,
  );
  return isWrong ? undefined : sanitizeReport(desc, message);
}

function sanitizeScalar(scalar: ScalarType, name: string, value: unknown): unknown {
  if (typeof value === 'string') return value.slice(0, maxCharacters);
  if (typeof value === 'number' && scalar === ScalarType.DOUBLE) {
    const most = /Percent$|Avg\d+$/.test(name) ? maxPercent : maxDouble;
    return value >= 0 && value <= most ? value : undefined;
  }
  if (typeof value === 'bigint' && scalar === ScalarType.UINT64) {
    const most = name.endsWith('Seconds') ? maxSeconds : maxNumber;
    return value >= 0n && value <= most ? value : undefined;
  }
  return value;
}

/** Removes the value, or sets the default of a field without presence. */
function forget(field: DescField, copy: Record<string, unknown>): void {
  if (field.fieldKind !== 'scalar' || field.proto.proto3Optional) delete copy[field.localName];
  else if (typeof copy[field.localName] === 'bigint') copy[field.localName] = 0n;
  else if (typeof copy[field.localName] === 'number') copy[field.localName] = 0;
}
