import type { DescService } from '@bufbuild/protobuf';
import type { Client } from '@connectrpc/connect';
import { controlServices } from '@innkeeper/contract/control-services';

/** Options of every method. */
export interface CallOptions {
  readonly signal?: AbortSignal | undefined;
}

/** Makes a client of a service; its calls carry `headers`. */
export type MakeService = <Desc extends DescService>(
  desc: Desc,
  headers?: Readonly<Record<string, string>>,
) => Client<Desc>;

type Services = typeof controlServices;

/**
 * The services of the control plane, typed; `proto/control/v1` says what their methods do. All errors are
 * OperationError.
 */
export type ControlClients = { readonly [Name in keyof Services]: Client<Services[Name]> };

/** Makes clients of all services, for Node and browsers. */
export function controlClients(service: MakeService): ControlClients {
  const clients = Object.entries(controlServices).map(([name, desc]) => [name, service<DescService>(desc)]);
  return Object.fromEntries(clients) as ControlClients;
}

/** Converts to Connect's options, which do not accept undefined. */
export function callOptions({ signal }: CallOptions = {}): { readonly signal?: AbortSignal } {
  return signal === undefined ? {} : { signal };
}
