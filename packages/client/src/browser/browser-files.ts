import type { AgentClients } from '../agent-clients.ts';
import { createGuestFiles, type GuestFiles } from '../guest-files.ts';
import type { UnpackedTar } from '../unpacked-tar.ts';
import { openHttp } from './http.ts';

export interface BrowserFiles extends GuestFiles {
  /** Where a file's bytes are, for a link or `fetch`. */
  url(vm: string, path: string): string;
  /** Where a folder is as a tar archive. */
  tarUrl(vm: string, path: string): string;
  /** Unpacks a tar archive into a folder. A browser holds what it sends, so it takes a Blob. */
  writeTar(
    vm: string,
    path: string,
    archive: Blob,
    options?: {
      readonly createParents?: boolean | undefined;
      readonly keepOwners?: boolean | undefined;
      readonly signal?: AbortSignal | undefined;
    },
  ): Promise<UnpackedTar>;
}

/** Files of guests for a page. */
export function createBrowserFiles(
  agent: (vm: string) => AgentClients,
  { csrfToken, baseUrl }: { readonly csrfToken: () => string; readonly baseUrl: string },
): BrowserFiles {
  const address = (vm: string, kind: 'files' | 'tar', query: Record<string, string>): string =>
    `${baseUrl}/v1/vms/${encodeURIComponent(vm)}/${kind}?${new URLSearchParams(query)}`;
  return {
    ...createGuestFiles(agent),
    url: (vm, path) => address(vm, 'files', { path }),
    tarUrl: (vm, path) => address(vm, 'tar', { path }),
    writeTar: async (vm, path, archive, { createParents, keepOwners, signal } = {}) => {
      const query = {
        path,
        ...(createParents === true ? { parents: '1' } : {}),
        ...(keepOwners === true ? { owners: '1' } : {}),
      };
      const response = await openHttp(address(vm, 'tar', query), {
        ...{ method: 'PUT', csrfToken: csrfToken(), body: archive, signal },
      });
      return (await response.json()) as UnpackedTar;
    },
  };
}
