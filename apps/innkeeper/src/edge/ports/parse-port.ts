import { OperationError } from '@innkeeper/contract';

/** @throws OperationError INVALID_ARGUMENT unless it is 1 to 65535 in decimal digits */
export function parsePort(text: string): number {
  const port = /^[1-9]\d{0,4}$/.test(text) ? Number(text) : 0;
  if (port < 1 || port > 65_535)
    throw new OperationError('INVALID_ARGUMENT', `"${text.slice(0, 40)}" is not a TCP port; use 1 to 65535.`);
  return port;
}
