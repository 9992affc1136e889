/** Returns where to go after login: `next` if it is an address of this console, otherwise "/". */
export function safeNext(next: string | null): string {
  if (next === null || !next.startsWith('/')) return '/';
  const url = parseSameOrigin(next);
  if (url === undefined || url.pathname.startsWith('/login')) return '/';
  const path = `${url.pathname}${url.search}${url.hash}`;
  // The path of "/.//evil.example" is "//evil.example", which is another site when it is parsed again.
  return parseSameOrigin(path)?.href === url.href ? path : '/';
}

/** Parses an address as the browser does; undefined if it is of another site or invalid. */
function parseSameOrigin(text: string): URL | undefined {
  const url = URL.parse(text, location.origin);
  return url !== null && url.origin === location.origin ? url : undefined;
}
