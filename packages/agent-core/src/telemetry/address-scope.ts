import { AddressScope } from '@innkeeper/contract/agent-lite';

/** fec0::/10, which RFC 3879 deprecates; QEMU's user-mode network still assigns it. */
export function isOldSiteLocal(address: string): boolean {
  return /^fe[c-f]/i.test(address) && address.includes(':');
}

/**
 * The scope of an address (RFC 4007, RFC 3927, RFC 1122). Unique local and old site-local IPv6 addresses are site.
 * Private IPv4 counts as global: it is routed.
 */
export function addressScope(address: string): AddressScope {
  const lower = address.toLowerCase();
  if (lower.startsWith('127.') || lower === '::1') return AddressScope.HOST;
  if (lower.startsWith('169.254.') || /^fe[89ab]/.test(lower)) return AddressScope.LINK;
  if ((/^f[cd]/.test(lower) && lower.includes(':')) || isOldSiteLocal(lower)) return AddressScope.SITE;
  return AddressScope.GLOBAL;
}
