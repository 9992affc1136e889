import type { UnpackedTar } from '../core/unpacked-tar.ts';
import { type ReadFileOptions, type RemoteFile, readFile } from './read-file.ts';
import { type ReadTarOptions, type RemoteTar, readTar } from './read-tar.ts';
import type { Server } from './server.ts';
import { type WriteFileOptions, type WrittenFile, writeFile } from './write-file.ts';
import { type WriteTarOptions, writeTar } from './write-tar.ts';

/** Reading and writing guest files. */
export interface FileContents {
  read(vm: string, path: string, options?: ReadFileOptions): Promise<RemoteFile>;
  write(vm: string, path: string, options: WriteFileOptions): Promise<WrittenFile>;
  /** Downloads a folder or file as a tar archive. */
  readTar(vm: string, path: string, options?: ReadTarOptions): Promise<RemoteTar>;
  /** Unpacks a tar archive into a folder. */
  writeTar(vm: string, path: string, options: WriteTarOptions): Promise<UnpackedTar>;
}

/** Implements FileContents in Node, where bodies are streams and have trailers. */
export function fileContents(server: Server): FileContents {
  return {
    read: (vm, path, options) => readFile(server, vm, path, options),
    write: (vm, path, options) => writeFile(server, vm, path, options),
    readTar: (vm, path, options) => readTar(server, vm, path, options),
    writeTar: (vm, path, options) => writeTar(server, vm, path, options),
  };
}
