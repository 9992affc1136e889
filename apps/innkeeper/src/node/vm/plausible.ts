import { type DescField, type DescMessage, type MessageShape, ScalarType } from '@bufbuild/protobuf';

/** A guest may report what it likes: what is longer is cut. */
export const maxEntries = 256;
export const maxCharacters = 512;
/** An exbibyte: nothing that a guest has, or has counted since it booted, is more. */
const maxNumber = 1n << 60n;
const maxSeconds = 100n * 365n * 86_400n;
const maxDouble = 1e9;
const maxPercent = 100;

/** Parts that cannot be more than a whole beside them. */
const wholes: Readonly<Record<string, string>> = {
  usedBytes: 'totalBytes',
  availableBytes: 'totalBytes',
  freeBytes: 'totalBytes',
  swapFreeBytes: 'swapTotalBytes',
  inodesFree: 'inodesTotal',
};

/**
 * A copy of what a guest said of itself, without what cannot be: such a value is absent, as one that was not measured,
 * or the default where a field is always there. Lists and words are cut to a bound. A whole that is 0 counts as unknown.
 */
export function plausible<Desc extends DescMessage>(desc: Desc, message: MessageShape<Desc>): MessageShape<Desc> {
  const copy = { ...message } as Record<string, unknown>;
  for (const field of desc.fields) {
    if (field.oneof !== undefined) continue;
    const name = field.localName;
    const value = plausibleField(field, copy[name]);
    if (value === undefined) forget(field, copy);
    else copy[name] = value;
  }
  for (const field of desc.fields) {
    const [part, whole] = [copy[field.localName], copy[wholes[field.localName] ?? '']];
    if (typeof part === 'bigint' && typeof whole === 'bigint' && whole > 0n && part > whole) forget(field, copy);
  }
  return copy as MessageShape<Desc>;
}

/** Undefined for what cannot be, and for what is not there. */
function plausibleField(field: DescField, value: unknown): unknown {
  if (value === undefined) return undefined;
  if (field.fieldKind === 'message') return plausiblePart(field.message, value as MessageShape<DescMessage>);
  if (field.fieldKind === 'scalar') return plausibleScalar(field.scalar, field.localName, value);
  if (field.fieldKind !== 'list') return value;
  const entries = (value as unknown[]).slice(0, maxEntries);
  if (field.listKind === 'message')
    return entries.map((entry) => plausible(field.message, entry as MessageShape<DescMessage>));
  return entries.map((entry) => (typeof entry === 'string' ? entry.slice(0, maxCharacters) : entry));
}

/** Undefined when it has a share that cannot be and that has no way to be absent: 0 would say that it was measured. */
function plausiblePart(desc: DescMessage, message: MessageShape<DescMessage>): unknown {
  const values = message as unknown as Readonly<Record<string, unknown>>;
  const isWrong = desc.fields.some(
    (field) =>
      field.fieldKind === 'scalar' &&
      field.scalar === ScalarType.DOUBLE &&
      !field.proto.proto3Optional &&
      plausibleScalar(field.scalar, field.localName, values[field.localName]) === undefined,
  );
  return isWrong ? undefined : plausible(desc, message);
}

function plausibleScalar(scalar: ScalarType, name: string, value: unknown): unknown {
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

/** Without the value; a field that is always there has its default. */
function forget(field: DescField, copy: Record<string, unknown>): void {
  if (field.fieldKind !== 'scalar' || field.proto.proto3Optional) delete copy[field.localName];
  else if (typeof copy[field.localName] === 'bigint') copy[field.localName] = 0n;
  else if (typeof copy[field.localName] === 'number') copy[field.localName] = 0;
}
