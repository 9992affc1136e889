import type { GuestFiles } from '../guest-files.ts';
import type { VmBackend } from './vm-backend.ts';
import type { ReadVmFileOptions, VmFile } from './vm-file.ts';
import type { VmFileContent, WriteVmFileOptions } from './vm-file-content.ts';

/** A method without its first parameter, the VM. */
type OfVm<Method> = Method extends (vm: string, ...rest: infer Rest) => infer Result
  ? (...rest: Rest) => Result
  : never;

/** The methods of GuestFiles for one VM, and reading and writing contents. Paths are absolute. */
export type VmFiles = { readonly [Name in keyof GuestFiles]: OfVm<GuestFiles[Name]> } & {
  /** Opens a file. Resolves once the guest has it open. */
  read(path: string, options?: ReadVmFileOptions): Promise<VmFile>;
  /**
   * Creates or replaces a file atomically: whole or not at all. In Node an interrupted upload resumes, within 60 s; in
   * a browser it fails.
   */
  write(path: string, content: VmFileContent, options?: WriteVmFileOptions): Promise<{ readonly bytes: number }>;
};

/** The files of one VM. */
export function vmFiles(backend: VmBackend, vm: string): VmFiles {
  const { files } = backend;
  return {
    read: (path, options = {}) => backend.readFile(vm, path, options),
    write: (path, content, options = {}) => backend.writeFile(vm, path, content, options),
    list: (...rest) => files.list(vm, ...rest),
    stat: (...rest) => files.stat(vm, ...rest),
    mkdir: (...rest) => files.mkdir(vm, ...rest),
    rename: (...rest) => files.rename(vm, ...rest),
    remove: (...rest) => files.remove(vm, ...rest),
    chmod: (...rest) => files.chmod(vm, ...rest),
    chown: (...rest) => files.chown(vm, ...rest),
    watch: (...rest) => files.watch(vm, ...rest),
  };
}
