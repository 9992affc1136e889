/**
 * Numbers of enums in proto/agent/v1, as values: protobuf-es' enum objects come with its runtime, which is not in the
 * agent. `satisfies` ties them to the generated types.
 */
import type { InterfaceKind as Kind, AddressScope as Scope } from '@innkeeper/contract/agent';

export const InterfaceKind = {
  PHYSICAL: 1,
  LOOPBACK: 2,
  BRIDGE: 3,
  BOND: 4,
  VLAN: 5,
  TUNNEL: 6,
  VETH: 7,
  OTHER: 8,
} as const satisfies Partial<Record<string, Kind>>;

export const AddressScope = { GLOBAL: 1, SITE: 2, LINK: 3, HOST: 4 } as const satisfies Partial<Record<string, Scope>>;
