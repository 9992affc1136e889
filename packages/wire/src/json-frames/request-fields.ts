import { OperationError } from '@innkeeper/contract/errors';

export type Fields = Readonly<Record<string, unknown>>;

/** A field that must be a text. @throws OperationError INVALID_ARGUMENT */
export function textField(fields: Fields, name: string): string {
  const value = fieldOf(fields, name);
  if (typeof value === 'string') return value;
  throw wrong(name, 'a text');
}

/** A field that must be a list of texts. @throws OperationError INVALID_ARGUMENT */
export function textsField(fields: Fields, name: string): readonly string[] {
  const value = fieldOf(fields, name);
  if (Array.isArray(value) && value.every((each) => typeof each === 'string')) return value;
  throw wrong(name, 'a list of texts');
}

/** A field that must be a whole number of 32 bits. @throws OperationError INVALID_ARGUMENT */
export function numberField(fields: Fields, name: string): number {
  const value = fieldOf(fields, name);
  if (typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= 0xffff_ffff) return value;
  throw wrong(name, 'a whole number of 32 bits');
}

/** A field that must be true or false. @throws OperationError INVALID_ARGUMENT */
export function flagField(fields: Fields, name: string): boolean {
  const value = fieldOf(fields, name);
  if (typeof value === 'boolean') return value;
  throw wrong(name, 'true or false');
}

function fieldOf(fields: Fields, name: string): unknown {
  return Object.hasOwn(fields, name) ? fields[name] : undefined;
}

function wrong(name: string, wanted: string): OperationError {
  return new OperationError('INVALID_ARGUMENT', `The field "${name}" must be ${wanted}.`);
}
