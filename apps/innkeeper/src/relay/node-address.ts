/** Where a node listens for control planes. */
export type NodeAddress =
  | { readonly kind: 'unix'; readonly path: string }
  | { readonly kind: 'https'; readonly host: string; readonly port: number };

/** Reads "unix:/path" or "https://host:port". Throws an Error for the user if it is neither. */
export function parseNodeAddress(text: string): NodeAddress {
  if (text.startsWith('unix:/')) return { kind: 'unix', path: text.slice('unix:'.length) };
  const url = URL.parse(text);
  if (url?.protocol !== 'https:' || url.pathname !== '/' || url.search !== '' || url.username !== '') {
    throw new Error(`--node must be unix:/PATH or https://HOST:PORT, not "${text}".`);
  }
  return { kind: 'https', host: url.hostname.replace(/^\[|\]$/g, ''), port: url.port === '' ? 443 : Number(url.port) };
}
