import { OperationError } from '@innkeeper/contract';

/** Checks and returns the name of a VM or an image. Fails with INVALID_NAME. */
export function checkName(name: string, what: string): string {
  if (/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(name)) return name;
  const shown = JSON.stringify(name.length > 80 ? `${name.slice(0, 80)}…` : name);
  throw new OperationError('INVALID_NAME', `${shown} is not a valid name of ${what}.`);
}
