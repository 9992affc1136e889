import * as host from 'host';
import { type ListenerOptions, listen } from './listener.ts';

/** Serves every connection on a unix socket (mode 0600) until the signal. Throws when it cannot listen. */
export function listenUnix(
  options: { readonly path: string } & Pick<ListenerOptions, 'log' | 'signal' | 'serve'>,
): void {
  const { path, log, signal, serve } = options;
  listen({
    name: `unix:${path}`,
    key: path,
    open: () => host.listenUnix(path, 0o600),
    log,
    signal,
    serve,
    onStop: () => {
      try {
        host.unlink(path);
      } catch {
        // ENOENT: already removed.
      }
    },
  });
}
