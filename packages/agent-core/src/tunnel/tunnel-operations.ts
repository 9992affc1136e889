import { TunnelServiceLite } from '@innkeeper/contract/agent-lite';
import { OperationError } from '@innkeeper/contract/errors';
import { firstOf, type Operation, operation } from '../dispatch.ts';
import type { Host } from '../host.ts';
import { carryTunnel } from './carry-tunnel.ts';
import { connectTunnel } from './connect-tunnel.ts';

/** Connect. */
export function tunnelOperations(host: Host): Operation[] {
  return [
    operation(TunnelServiceLite.connect, async (input, context) => {
      const { input: first } = await firstOf(input);
      if (first.case !== 'open')
        throw new OperationError('INVALID_ARGUMENT', 'The first message of a tunnel must be "open".');
      const connection = await connectTunnel(host, first.value, context.signal);
      try {
        await context.send({ event: { case: 'opened', value: {} } });
        await carryTunnel(connection, input, context);
      } finally {
        connection.close();
      }
    }),
  ];
}
