import { closeSync, constants, existsSync, fchmodSync, fchownSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { CliError } from '../cli-error.ts';
import { exitCodes } from '../exit-codes.ts';

const isFolder = constants.O_RDONLY | constants.O_DIRECTORY;
const descriptors = '/proc/self/fd';

/**
 * A folder that is held open, so that what is done in it is done in this very folder, whatever becomes of its name and
 * of those above it meanwhile. Node has no openat(2); Linux reaches an open folder by /proc/self/fd.
 */
export class HeldFolder {
  /** For messages. */
  readonly path: string;
  readonly #fd: number;

  private constructor(fd: number, path: string) {
    this.#fd = fd;
    this.path = path;
  }

  /** A folder that a person named: links that lead to it are followed. */
  static open(path: string): HeldFolder {
    const held = new HeldFolder(openSync(path, isFolder), path);
    if (existsSync(`${descriptors}/${held.#fd}`)) return held;
    held.close();
    throw new CliError('Trees are unpacked only where /proc is mounted. Use "-" as the target and another program.', {
      exitCode: exitCodes.general,
    });
  }

  /** A folder in this one; a link is not followed. @throws ELOOP, ENOTDIR, ENOENT */
  openFolder(name: string): HeldFolder {
    return new HeldFolder(openSync(this.at(name), isFolder | constants.O_NOFOLLOW), join(this.path, name));
  }

  /** A path to something in this folder, as system calls take it; good until the folder is closed. */
  at(name: string): string {
    return `${descriptors}/${this.#fd}/${name}`;
  }

  setOwner(uid: number, gid: number): void {
    fchownSync(this.#fd, uid, gid);
  }

  setMode(mode: number): void {
    fchmodSync(this.#fd, mode);
  }

  close(): void {
    closeSync(this.#fd);
  }
}
