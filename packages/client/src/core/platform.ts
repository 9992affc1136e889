import { createClient as createConnectClient, type Transport } from '@connectrpc/connect';
import type { Runs } from './runs.ts';
import type { MakeService } from './services.ts';
import type { OpenSocket } from './stream-socket.ts';
import type { VmBackend } from './vm/vm-backend.ts';
import { withOperationErrors } from './with-operation-errors.ts';

/** What Node and a browser do each in their own way. `Contents`: what they add to the calls for files. */
export interface Platform<Contents extends object> extends Pick<VmBackend, 'readFile' | 'writeFile'> {
  readonly transport: Transport;
  readonly openSocket: OpenSocket;
  /** The platform does not say why a socket was refused, so a call is made that fails in the same way. */
  readonly hidesRefusals: boolean;
  /** What a call threw, as OperationError. */
  readonly toError: (error: unknown) => unknown;
  readonly readRunOutput: Runs['output'];
  readonly contents: Contents;
}

/** Makes typed clients of services over the platform's transport. */
export function servicesOf({ transport, toError }: Pick<Platform<object>, 'transport' | 'toError'>): MakeService {
  return (desc, headers) => withOperationErrors(desc, createConnectClient(desc, transport), { toError, headers });
}

/** A client, which is a proxy, with more methods. */
export function extend<Base extends object, More extends object>(base: Base, more: More): Base & More {
  return Object.assign(Object.create(base) as Base, more);
}
