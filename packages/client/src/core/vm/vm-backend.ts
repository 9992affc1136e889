import type { Client } from '@connectrpc/connect';
import type { OperationService, VmService } from '@innkeeper/contract/control';
import type { ExecOptions, ExecStream } from '../exec.ts';
import type { GuestFiles } from '../guest-files.ts';
import type { ReadVmFileOptions, VmFile } from './vm-file.ts';
import type { VmFileContent, WriteVmFileOptions } from './vm-file-content.ts';

/** The calls that VmHandle needs; implemented once for Node and once for browsers. */
export interface VmBackend {
  readonly vms: Client<typeof VmService>;
  readonly operations: Client<typeof OperationService>;
  readonly files: GuestFiles;
  exec(vm: string, options: ExecOptions): ExecStream;
  readFile(vm: string, path: string, options: ReadVmFileOptions): Promise<VmFile>;
  writeFile(
    vm: string,
    path: string,
    content: VmFileContent,
    options: WriteVmFileOptions,
  ): Promise<{ readonly bytes: number }>;
}
