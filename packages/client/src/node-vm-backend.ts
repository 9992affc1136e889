import { openExec } from './exec.ts';
import type { ExecTransport } from './exec-socket.ts';
import { randomId } from './random-id.ts';
import { readFile } from './read-file.ts';
import type { Server } from './server.ts';
import type { VmBackend } from './vm/vm-backend.ts';
import { vmFile } from './vm/vm-file.ts';
import { blobOf } from './vm/vm-file-content.ts';
import { writeFile } from './write-file.ts';

/** What VMs' objects stand on in Node. */
export function nodeVmBackend(
  server: Server,
  transport: ExecTransport,
  services: Pick<VmBackend, 'vms' | 'operations' | 'files'>,
): VmBackend {
  return {
    ...services,
    exec: (vm, options) => openExec(transport, vm, options),
    readFile: async (vm, path, options) => vmFile(path, await readFile(server, vm, path, options)),
    writeFile: (vm, path, content, { mode, user, group, parents, signal }) => {
      const blob = blobOf(content);
      const source = (offset: number): AsyncIterable<Uint8Array> => blob.slice(offset).stream();
      return writeFile(server, vm, path, {
        ...{ source, uploadId: randomId(), sizeBytes: blob.size },
        ...{ mode, user, group, createParents: parents, signal },
      });
    },
  };
}
