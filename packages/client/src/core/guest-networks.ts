import { AddressMethod, type NetworkReport } from '@innkeeper/contract/agent';
import type { AgentClients } from './agent-clients.ts';
import { confirmAfter } from './confirm-after.ts';
import { type CallOptions, callOptions } from './services.ts';
import { newId } from './time-and-chance.ts';

/** Addresses of one family. */
export interface AddressOptions {
  /** From a DHCP server. Default: false. */
  readonly dhcp?: boolean | undefined;
  /** With the length of the prefix: "192.0.2.5/24". Not with DHCP. */
  readonly addresses?: readonly string[] | undefined;
  /** The address of the default route. */
  readonly gateway?: string | undefined;
}

/** The complete configuration of an interface: what is not in it is not configured. */
export interface SetNetworkOptions extends CallOptions {
  /** Default: the interface of the default route, or the only network card. */
  readonly interface?: string | undefined;
  readonly ipv4?: AddressOptions | undefined;
  /** Default: by router advertisements, along with the addresses. `automatic: false`: only the addresses. */
  readonly ipv6?: (AddressOptions & { readonly automatic?: boolean | undefined }) | undefined;
  /** Addresses of name servers. */
  readonly dns?: readonly string[] | undefined;
  /** Domains for short names. */
  readonly search?: readonly string[] | undefined;
  /** Bytes. Default: it stays as it is. */
  readonly mtu?: number | undefined;
  readonly routes?:
    | readonly { readonly destination: string; readonly gateway: string; readonly metric?: number | undefined }[]
    | undefined;
  /** Milliseconds until the guest restores its earlier network; 5,000 to 3,600,000. Default: 60,000. */
  readonly confirmMs?: number | undefined;
  /** Keep the change without a confirmation. Default: false. */
  readonly unconfirmed?: boolean | undefined;
  /** Until the guest restarts; nothing is written. Default: false. */
  readonly temporary?: boolean | undefined;
  /** Do not roll back when the gateway does not answer. Default: false. */
  readonly ignoreGateway?: boolean | undefined;
}

/** Networks of guests. `vm` is an id or a name. Rejects with OperationError. */
export interface GuestNetworks {
  /** Interfaces, name servers, and the change in progress or the last one. */
  show(vm: string, options?: CallOptions): Promise<NetworkReport>;
  /** Resolves when the change is applied. The guest rolls it back unless it is confirmed. */
  set(vm: string, options: SetNetworkOptions): Promise<NetworkReport>;
  /** Keeps a change. Rejects with NETWORK_ENDED if the guest has rolled it back. Without `id`: whatever is pending. */
  confirm(vm: string, id?: string): Promise<NetworkReport>;
  /** Restores the earlier network. Without `id`: of whatever is pending. */
  rollBack(vm: string, id?: string): Promise<NetworkReport>;
  /**
   * Changes the network, and confirms when `work`, which checks that the guest can be reached, resolves; rolls back when
   * it rejects, with its error. The signal is aborted with `options.signal`.
   */
  change<T>(
    vm: string,
    options: SetNetworkOptions,
    work: (report: NetworkReport, signal: AbortSignal) => Promise<T>,
  ): Promise<T>;
}

/** Implements GuestNetworks on the agent's services, for Node and browsers. */
export function createGuestNetworks(agent: (vm: string) => AgentClients): GuestNetworks {
  const set = (vm: string, id: string, options: SetNetworkOptions): Promise<NetworkReport> => {
    const { ipv4 = {}, ipv6 = {}, dns = [], search = [], routes = [], mtu = 0, confirmMs = 0 } = options;
    const request = {
      id,
      interface: options.interface ?? '',
      ipv4: familyOf(ipv4, (ipv4.addresses ?? []).length > 0),
      ipv6: familyOf(ipv6, ipv6.automatic === false),
      dns: [...dns],
      search: [...search],
      routes: routes.map(({ destination, gateway, metric = 0 }) => ({ destination, gateway, metric })),
      mtu,
      confirmMs,
      unconfirmed: options.unconfirmed ?? false,
      temporary: options.temporary ?? false,
      ignoreGateway: options.ignoreGateway ?? false,
    };
    return agent(vm).network.setNetwork(request, callOptions(options));
  };
  const confirm: GuestNetworks['confirm'] = (vm, id = '') => agent(vm).network.confirmNetwork({ id });
  const rollBack: GuestNetworks['rollBack'] = (vm, id = '') => agent(vm).network.rollBackNetwork({ id });
  return {
    show: (vm, options) => agent(vm).network.getNetwork({}, callOptions(options)),
    set: (vm, options) => set(vm, newId(), options),
    confirm,
    rollBack,
    change: async (vm, options, work) => {
      const id = newId();
      const report = await set(vm, id, options);
      const withinMs = report.change?.confirmLeftMs ?? 0;
      const calls = { confirm: () => confirm(vm, id), rollBack: () => rollBack(vm, id) };
      return await confirmAfter(calls, { withinMs, signal: options.signal }, (signal) => work(report, signal));
    },
  };
}

function familyOf({ dhcp = false, addresses = [], gateway = '' }: AddressOptions, isStatic: boolean) {
  const method = dhcp ? AddressMethod.DHCP : isStatic ? AddressMethod.STATIC : AddressMethod.UNSPECIFIED;
  return { method, addresses: [...addresses], gateway };
}
