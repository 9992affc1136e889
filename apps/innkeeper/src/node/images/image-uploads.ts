import { constants } from 'node:fs';
import { mkdir, open, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { OperationError } from '@innkeeper/contract';
import { errorMessage, KeyedMutex } from '@innkeeper/kit';

/** How long an upload that nobody continues is kept. */
const keptMs = 24 * 60 * 60 * 1000;

/**
 * Disk images on their way to the node. An upload is a file under an id that the client chose; after an interruption the
 * client asks how many bytes are here and sends the rest. Uploads that were not continued for a day are removed.
 */
export class ImageUploads {
  readonly #folder: string;
  readonly #now: () => number;
  readonly #mutex = new KeyedMutex();

  constructor(folder: string, now: () => number = Date.now) {
    this.#folder = folder;
    this.#now = now;
  }

  /** How many bytes of an upload have arrived; 0 if it is unknown. Fails with INVALID_ARGUMENT. */
  async offset(id: string): Promise<number> {
    const found = await stat(this.#pathOf(id)).catch(() => undefined);
    return found?.size ?? 0;
  }

  /**
   * Writes a body from `offset` on, which may not be beyond what has arrived; what is there after it is dropped. Bytes that
   * arrived before an interruption are kept. Resolves with the new size. Fails with INVALID_ARGUMENT, UPLOAD_GAP,
   * HOST_DISK_FULL.
   */
  async receive(id: string, offset: number, body: AsyncIterable<Uint8Array>): Promise<number> {
    const path = this.#pathOf(id);
    return await this.#mutex.run(id, async () => {
      await this.#removeOld();
      await mkdir(this.#folder, { recursive: true, mode: 0o700 });
      const file = await open(path, constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW, 0o600);
      try {
        const { size } = await file.stat();
        if (offset > size)
          throw new OperationError(
            'UPLOAD_GAP',
            `${size} bytes of this upload have arrived, so it cannot continue at ${offset}.`,
          );
        await file.truncate(offset);
        let at = offset;
        for await (const piece of body) {
          await file.write(piece, 0, piece.length, at);
          at += piece.length;
        }
        await file.datasync();
        return at;
      } catch (error) {
        throw isFull(error)
          ? new OperationError('HOST_DISK_FULL', `The upload could not be stored: ${errorMessage(error)}.`, {
              cause: error,
            })
          : error;
      } finally {
        await file.close();
      }
    });
  }

  /** The file of an upload, to be added as an image. Fails with INVALID_ARGUMENT if there is none. */
  async fileOf(id: string): Promise<string> {
    const path = this.#pathOf(id);
    if ((await this.offset(id)) > 0) return path;
    throw new OperationError(
      'INVALID_ARGUMENT',
      'No bytes of this upload have arrived, or it was removed after a day.',
    );
  }

  /** Removes an upload, also an unfinished one. */
  async remove(id: string): Promise<void> {
    const path = this.#pathOf(id);
    await this.#mutex.run(id, () => rm(path, { force: true }));
  }

  #pathOf(id: string): string {
    if (/^[\w-]{8,64}$/.test(id)) return join(this.#folder, id);
    throw new OperationError('INVALID_ARGUMENT', 'The id of an upload must have 8 to 64 letters, digits, "-" or "_".');
  }

  async #removeOld(): Promise<void> {
    const names = await readdir(this.#folder).catch(() => []);
    for (const name of names) {
      const path = join(this.#folder, name);
      const { mtimeMs = Number.POSITIVE_INFINITY } = (await stat(path).catch(() => undefined)) ?? {};
      if (mtimeMs < this.#now() - keptMs) await rm(path, { force: true });
    }
  }
}

function isFull(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ENOSPC' || error.code === 'EDQUOT');
}
