import { AddressScope } from './enums.ts';

type ScopeValue = (typeof AddressScope)[keyof typeof AddressScope];

/** How far an address reaches (RFC 4007, RFC 3927, RFC 1122; unique local IPv6 addresses are site). Private IPv4 is global here: it routes. */
export function addressScope(address: string): ScopeValue {
  const lower = address.toLowerCase();
  if (lower.startsWith('127.') || lower === '::1') return AddressScope.HOST;
  if (lower.startsWith('169.254.') || /^fe[89ab]/.test(lower)) return AddressScope.LINK;
  if (/^f[cd]/.test(lower) && lower.includes(':')) return AddressScope.SITE;
  return AddressScope.GLOBAL;
}
