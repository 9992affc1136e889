import type { MessageInitShape } from '@bufbuild/protobuf';
import { OperationError } from '@innkeeper/contract';
import type { OpenTunnelSchema } from '@innkeeper/contract/agent';

export type TunnelTarget = MessageInitShape<typeof OpenTunnelSchema>;

/** The target that a query names: `port` with an optional `address`, or `unix`. @throws OperationError INVALID_ARGUMENT */
export function tunnelTarget(query: URLSearchParams): TunnelTarget {
  const [port, path, address] = [query.get('port'), query.get('unix'), query.get('address') ?? ''];
  if ((port === null) === (path === null))
    throw new OperationError('INVALID_ARGUMENT', 'A tunnel needs either the parameter "port" or the parameter "unix".');
  if (path !== null) return { target: { case: 'unixPath', value: path }, address };
  return { target: { case: 'tcpPort', value: parsePort(port ?? '') }, address };
}

/** @throws OperationError INVALID_ARGUMENT unless it is 1 to 65535 in decimal digits */
export function parsePort(text: string): number {
  const port = /^[1-9]\d{0,4}$/.test(text) ? Number(text) : 0;
  if (port < 1 || port > 65_535)
    throw new OperationError('INVALID_ARGUMENT', `"${text.slice(0, 40)}" is not a TCP port; use 1 to 65535.`);
  return port;
}
