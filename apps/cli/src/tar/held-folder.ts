import { closeSync, constants, existsSync, fchmodSync, fchownSync, fstatSync, futimesSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { CliError } from '../cli-error.ts';
import { exitCodes } from '../exit-codes.ts';
import { writeAttributes } from './attributes.ts';
import { secondsOf } from './file-times.ts';

const isFolder = constants.O_RDONLY | constants.O_DIRECTORY;
const descriptors = '/proc/self/fd';

/**
 * A folder that is kept open, so that every access is to this folder even if it or a parent is renamed or replaced
 * meanwhile. Node.js has no openat(2), but on Linux an open folder is reachable through /proc/self/fd.
 */
export class HeldFolder {
  /** Its path when it was opened, for messages. */
  readonly path: string;
  readonly #fd: number;

  private constructor(fd: number, path: string) {
    this.#fd = fd;
    this.path = path;
  }

  /** Opens a folder that the user named: links to it are followed. @throws CliError without /proc */
  static open(path: string): HeldFolder {
    const held = new HeldFolder(openSync(path, isFolder), path);
    if (existsSync(`${descriptors}/${held.#fd}`)) return held;
    held.close();
    throw new CliError(
      'Folders can be unpacked only if /proc is mounted. Copy to "-" and unpack the archive with tar.',
      {
        exitCode: exitCodes.general,
      },
    );
  }

  /** Opens a folder in this one; a link is not followed. @throws ELOOP, ENOTDIR, ENOENT */
  openFolder(name: string): HeldFolder {
    return new HeldFolder(openSync(this.at(name), isFolder | constants.O_NOFOLLOW), join(this.path, name));
  }

  /** Which folder it is: device and inode. */
  get identity(): string {
    const { dev, ino } = fstatSync(this.#fd, { bigint: true });
    return `${dev}:${ino}`;
  }

  /** A path for system calls to an entry of this folder, valid until the folder is closed. */
  at(name: string): string {
    return `${descriptors}/${this.#fd}/${name}`;
  }

  setOwner(uid: number, gid: number): void {
    fchownSync(this.#fd, uid, gid);
  }

  setMode(mode: number): void {
    fchmodSync(this.#fd, mode);
  }

  setModified(ns: bigint): void {
    futimesSync(this.#fd, secondsOf(ns), secondsOf(ns));
  }

  setAttributes(attributes: ReadonlyMap<string, Uint8Array>, report: (why: string) => void): void {
    writeAttributes(this.#fd, attributes, report);
  }

  close(): void {
    closeSync(this.#fd);
  }
}
