/** Where to go after the login: an address of this console, never of another site. */
export function safeNext(next: string | null): string {
  if (next === null || !next.startsWith('/')) return '/';
  const url = ownAddress(next);
  if (url === undefined || url.pathname.startsWith('/login')) return '/';
  const path = `${url.pathname}${url.search}${url.hash}`;
  // "/.//evil.example" is an address of ours whose path alone leads elsewhere: whoever goes there reads it once more.
  return ownAddress(path)?.href === url.href ? path : '/';
}

/** The address as the browser reads it; undefined for one of another site, and for what is not an address. */
function ownAddress(text: string): URL | undefined {
  const url = URL.parse(text, location.origin);
  return url !== null && url.origin === location.origin ? url : undefined;
}
