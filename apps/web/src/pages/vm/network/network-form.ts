import type { SetNetworkOptions } from '@innkeeper/client/browser';
import type { ConfiguredInterface, NetworkReport } from '@innkeeper/contract/agent';
import { quoteWord } from '@innkeeper/kit';

/** What the dialog holds. Lists are separated by commas or spaces. */
export interface NetworkForm {
  readonly interface: string;
  readonly method4: 'static' | 'dhcp' | 'none';
  readonly addresses4: string;
  readonly gateway4: string;
  readonly method6: 'auto' | 'static' | 'dhcp';
  readonly addresses6: string;
  readonly gateway6: string;
  readonly dns: string;
  readonly search: string;
  /** Empty: unchanged. */
  readonly mtu: string;
  readonly confirmSeconds: number;
  readonly temporary: boolean;
}

const defaultConfirmSeconds = 60;

/** The form for an interface, with its present addresses and gateway. */
export function formOf({ dns, search }: NetworkReport, card: ConfiguredInterface): NetworkForm {
  const isIpv6 = (text: string): boolean => text.includes(':');
  const routeTo = (destination: string): string =>
    card.routes.find((route) => route.destination === destination)?.gateway ?? '';
  const addresses4 = card.addresses.filter((address) => !isIpv6(address)).join(', ');
  return {
    interface: card.name,
    method4: addresses4 === '' ? 'dhcp' : 'static',
    addresses4,
    gateway4: routeTo('0.0.0.0/0'),
    // Addresses by router advertisements stay by themselves.
    method6: 'auto',
    addresses6: '',
    gateway6: '',
    dns: dns.join(', '),
    search: search.join(', '),
    mtu: '',
    confirmSeconds: defaultConfirmSeconds,
    temporary: false,
  };
}

const listOf = (text: string): string[] => text.split(/[\s,]+/).filter((word) => word !== '');

/** Why the form cannot be sent; undefined: it can. The guest checks the rest. */
export function formProblem(form: NetworkForm): string | undefined {
  if (form.method4 === 'static' && listOf(form.addresses4).length === 0) return 'Static IPv4 needs an address.';
  if (form.method6 === 'static' && listOf(form.addresses6).length === 0) return 'Static IPv6 needs an address.';
  if (form.method4 === 'none' && form.method6 === 'auto' && listOf(form.addresses6).length === 0)
    return 'Without IPv4 it needs an IPv6 address.';
  const withPrefix = [...listOf(form.addresses4), ...listOf(form.addresses6)];
  const bare = withPrefix.find((address) => !address.includes('/'));
  if (bare !== undefined) return `${bare} needs the length of its prefix, such as ${bare}/24.`;
  return form.mtu === '' || /^\d{3,5}$/.test(form.mtu) ? undefined : 'The MTU is a number of bytes.';
}

/** What is sent to the guest. */
export function optionsOf(form: NetworkForm): SetNetworkOptions {
  const isStatic4 = form.method4 === 'static';
  const addresses6 = form.method6 === 'dhcp' ? [] : listOf(form.addresses6);
  return {
    interface: form.interface,
    ipv4: {
      dhcp: form.method4 === 'dhcp',
      addresses: isStatic4 ? listOf(form.addresses4) : [],
      gateway: isStatic4 ? form.gateway4.trim() : '',
    },
    ipv6: {
      dhcp: form.method6 === 'dhcp',
      automatic: form.method6 === 'auto',
      addresses: addresses6,
      gateway: addresses6.length > 0 ? form.gateway6.trim() : '',
    },
    dns: listOf(form.dns),
    search: listOf(form.search),
    mtu: form.mtu === '' ? undefined : Number(form.mtu),
    confirmMs: form.confirmSeconds * 1000,
    temporary: form.temporary,
  };
}

/** The equivalent `inn` command. */
export function setNetworkCommand(vm: string, form: NetworkForm): string {
  const { ipv4, ipv6, dns = [], search = [], mtu, temporary } = optionsOf(form);
  const gateways = [ipv4?.gateway, ipv6?.gateway].filter((gateway) => gateway !== undefined && gateway !== '');
  const words = [
    `--interface ${quoteWord(form.interface)}`,
    ...(ipv4?.dhcp === true ? ['--dhcp'] : []),
    ...[...(ipv4?.addresses ?? []), ...(ipv6?.addresses ?? [])].map((address) => `--address ${quoteWord(address)}`),
    ...gateways.map((gateway) => `--gateway ${quoteWord(gateway ?? '')}`),
    ...(form.method6 === 'auto' ? [] : [`--ipv6 ${form.method6}`]),
    ...dns.map((server) => `--dns ${quoteWord(server)}`),
    ...search.map((domain) => `--search ${quoteWord(domain)}`),
    ...(mtu === undefined ? [] : [`--mtu ${mtu}`]),
    ...(form.confirmSeconds === defaultConfirmSeconds ? [] : [`--confirm-within ${form.confirmSeconds}s`]),
    ...(temporary === true ? ['--temporary'] : []),
  ];
  return `inn network set ${quoteWord(vm)} ${words.join(' ')}`;
}
