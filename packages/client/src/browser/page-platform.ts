import type { Platform } from '../core/platform.ts';
import { blobOf } from '../core/vm/vm-file-content.ts';
import { type PageFileContents, pageFileContents } from './files.ts';
import type { Origin } from './http.ts';
import { type PageCalls, pageCalls } from './page-calls.ts';
import { browserSockets } from './sockets.ts';

/** The platform of a client in a page. `calls`: the ones the page has already made, if any. */
export function pagePlatform(origin: Origin, calls: PageCalls = pageCalls(origin)): Platform<PageFileContents> {
  const contents = pageFileContents(origin);
  return {
    ...calls,
    openSocket: browserSockets(origin.baseUrl),
    hidesRefusals: true,
    contents,
    readFile: contents.read,
    writeFile: (vm, path, content, options) => contents.write(vm, path, blobOf(content), options),
  };
}
