import { createClient as createConnectClient, type Transport } from '@connectrpc/connect';
import type { Runs } from './runs.ts';
import type { MakeService } from './services.ts';
import type { OpenSocket } from './stream-socket.ts';
import type { VmBackend } from './vm/vm-backend.ts';
import { withOperationErrors } from './with-operation-errors.ts';

/** The parts of a client that differ between Node and browsers. `Contents`: the file methods that each adds. */
export interface Platform<Contents extends object> extends Pick<VmBackend, 'readFile' | 'writeFile'> {
  readonly transport: Transport;
  readonly openSocket: OpenSocket;
  /** The platform does not report why a socket was refused, so a call that fails for the same reason is made. */
  readonly hidesRefusals: boolean;
  /** Converts what a call threw to an OperationError. */
  readonly toError: (error: unknown) => unknown;
  readonly readRunOutput: Runs['output'];
  readonly contents: Contents;
}

/** Returns a function that makes typed clients of services on the platform's transport. */
export function servicesOf({ transport, toError }: Pick<Platform<object>, 'transport' | 'toError'>): MakeService {
  return (desc, headers) => withOperationErrors(desc, createConnectClient(desc, transport), { toError, headers });
}

/** Adds methods to a client. Clients are proxies, which cannot be spread, so the client becomes the prototype. */
export function extend<Base extends object, More extends object>(base: Base, more: More): Base & More {
  return Object.assign(Object.create(base) as Base, more);
}
