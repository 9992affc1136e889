import type { ApplyUpdateRequest } from '@innkeeper/contract/agent';
import { handoverFormat } from '@innkeeper/contract/agent-update';
import { OperationError } from '@innkeeper/contract/errors';
import { checkSpace } from '../file/check-space.ts';
import { openOptions } from '../file/open-options.ts';
import { syncFolder, syncTimeoutMs } from '../file/sync-folder.ts';
import { hex } from '../hex.ts';
import type { DirectoryHandle, Host } from '../host.ts';
import { hasErrno, isHostError } from '../host-error.ts';
import type { CheckedManifest } from './check-manifest.ts';

/** Milliseconds that a new program has to check itself in this guest. */
const checkTimeoutMs = 30_000;
const suffixes = { new: '.new', previous: '.previous' } as const;

/** A new program beside the agent's own. */
export class StagedProgram {
  readonly #host: Host;
  readonly #manifest: CheckedManifest;
  readonly #folder: string;
  readonly #name: string;

  private constructor(host: Host, manifest: CheckedManifest) {
    const { path } = host.program;
    const slash = path.lastIndexOf('/');
    this.#host = host;
    this.#manifest = manifest;
    this.#folder = path.slice(0, slash) || '/';
    this.#name = path.slice(slash + 1);
  }

  /**
   * Writes the program that arrives; it is on disk then. Nothing is left if it fails.
   * @throws OperationError UPDATE_INVALID, GUEST_DISK_FULL; HostError EROFS and the like
   */
  static async receive(
    host: Host,
    manifest: CheckedManifest,
    input: AsyncIterator<ApplyUpdateRequest>,
  ): Promise<StagedProgram> {
    const staged = new StagedProgram(host, manifest);
    staged.discard();
    checkSpace(host, staged.#folder, manifest.size);
    const options = { access: 'write', create: true, exclusive: true, mode: 0o600, noSymlinks: true } as const;
    const file = host.files.open(staged.#path('new'), openOptions(options));
    try {
      const hash = host.bytes.createSha256();
      let size = 0;
      for (let next = await input.next(); next.done !== true; next = await input.next()) {
        const message = next.value.input;
        if (message.case !== 'data') throw new OperationError('INVALID_ARGUMENT', 'Only data may follow the manifest.');
        if (size + message.value.length > manifest.size)
          throw new OperationError('UPDATE_INVALID', `More than the ${manifest.size} bytes of the manifest arrived.`);
        host.files.write(file, message.value, size);
        hash.update(message.value);
        size += message.value.length;
      }
      if (size < manifest.size)
        throw new OperationError('UPDATE_INVALID', `${size} of ${manifest.size} bytes arrived.`);
      if (hex(hash.digest()) !== manifest.sha256)
        throw new OperationError('UPDATE_INVALID', 'The SHA-256 of what arrived is not that of the manifest.');
      const old = host.files.stat(host.program.path, true);
      host.files.chownHandle(file, old.uid, old.gid);
      host.files.chmodHandle(file, old.mode & 0o777);
      await host.files.sync(file, syncTimeoutMs);
    } catch (error) {
      staged.discard();
      throw error;
    } finally {
      file.close();
    }
    return staged;
  }

  /**
   * Has the new program check itself, and say what it takes over.
   * @throws OperationError UPDATE_REFUSED
   */
  async check(): Promise<void> {
    const { version } = this.#manifest;
    const refuse = (why: string): OperationError =>
      new OperationError('UPDATE_REFUSED', `The agent ${version} does not work in this guest: ${why}.`);
    const run = this.#host.jobs.run([this.#path('new'), '--update-check'], { timeoutMs: checkTimeoutMs });
    const { exitCode, stdout, stderr } = await run.catch((error: unknown) => {
      throw refuse(isHostError(error) ? error.message : 'it could not be started');
    });
    if (exitCode !== 0) throw refuse(`its check failed (${exitCode ?? 'killed'}): ${lastLine(stderr || stdout)}`);
    const [, says, formats = ''] = /^innkeeper-agent (\S+) takes over(( \d+)+)$/m.exec(stdout) ?? [];
    if (says !== version) throw refuse(`it is version ${says ?? 'unknown'}`);
    if (!formats.split(' ').includes(`${handoverFormat}`))
      throw refuse(`it does not take over commands from version ${this.#host.system.agentVersion}`);
  }

  /** Puts it in the place of the agent's program, which is kept beside it. If that fails, all is as before. */
  async swap(): Promise<void> {
    const folder = this.#open();
    try {
      const [next, previous] = [this.#name + suffixes.new, this.#name + suffixes.previous];
      remove(folder, previous);
      try {
        folder.link(this.#name, folder, previous);
      } catch (error) {
        // A file system without hard links.
        if (!hasErrno(error, 'EPERM', 'EOPNOTSUPP')) throw error;
        folder.rename(this.#name, folder, previous, true);
      }
      try {
        folder.rename(next, folder, this.#name, true);
        await syncFolder(this.#host, this.#folder);
      } catch (error) {
        folder.rename(previous, folder, this.#name, true);
        // Where both are names of one file, rename(2) does nothing.
        remove(folder, previous);
        throw error;
      }
    } finally {
      folder.close();
    }
  }

  /** Undoes `swap`. */
  swapBack(): void {
    this.#host.files.rename(this.#path('previous'), this.#host.program.path);
  }

  /** Removes it, if it is there. */
  discard(): void {
    const folder = this.#open();
    try {
      remove(folder, this.#name + suffixes.new);
    } finally {
      folder.close();
    }
  }

  #open(): DirectoryHandle {
    return this.#host.files.openDirectory(this.#folder, { noSymlinks: true });
  }

  #path(which: keyof typeof suffixes): string {
    return this.#host.program.path + suffixes[which];
  }
}

/** The program before a confirmed one is no longer needed. */
export function removePrevious(host: Host): void {
  try {
    host.files.unlink(host.program.path + suffixes.previous);
  } catch (error) {
    if (!hasErrno(error, 'ENOENT')) throw error;
  }
}

function remove(folder: DirectoryHandle, name: string): void {
  try {
    folder.unlink(name);
  } catch (error) {
    if (!hasErrno(error, 'ENOENT')) throw error;
  }
}

function lastLine(text: string): string {
  return text.trim().split('\n').at(-1)?.slice(0, 200) ?? '';
}
