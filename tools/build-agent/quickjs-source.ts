import { fetchPinned, type Source } from './pinned-source.ts';

/** The upstream release's tarball in Debian 13's source package. */
const quickJs = {
  title: 'QuickJS 2025-04-26',
  folder: 'quickjs-2025-04-26',
  witness: 'quickjs.c',
  archive: 'quickjs.tar.xz',
  sha256: 'ec81da5b3249ed648dbc7df4a1654988910e66a118d9b71cb63534216efcfbbe',
  variable: 'INNKEEPER_QUICKJS_TARBALL',
  debian: { package: 'quickjs', file: 'quickjs_2025.04.26.orig.tar.xz' },
  upstream: 'https://bellard.org/quickjs/quickjs-2025-04-26.tar.xz',
};

/** Returns a folder with QuickJS' source. */
export function quickJsSource(cache: string, sources?: readonly Source[]): string {
  return fetchPinned(quickJs, cache, sources);
}
