import type { MessageInitShape } from '@bufbuild/protobuf';
import { OperationError } from '@innkeeper/contract';
import type { OpenTunnelSchema } from '@innkeeper/contract/agent';
import { parsePort } from '../../edge/ports/parse-port.ts';

export type TunnelTarget = MessageInitShape<typeof OpenTunnelSchema>;

/** The target that a query names: `port` with an optional `address`, or `unix`. @throws OperationError INVALID_ARGUMENT */
export function tunnelTarget(query: URLSearchParams): TunnelTarget {
  const [port, path, address] = [query.get('port'), query.get('unix'), query.get('address') ?? ''];
  if ((port === null) === (path === null))
    throw new OperationError('INVALID_ARGUMENT', 'A tunnel needs either the parameter "port" or the parameter "unix".');
  if (path !== null) return { target: { case: 'unixPath', value: path }, address };
  return { target: { case: 'tcpPort', value: parsePort(port ?? '') }, address };
}
