import { join, relative } from 'node:path';
import { OperationError } from '@innkeeper/contract';
import type { AddImageRequest } from '@innkeeper/contract/control';
import { errorMessage, KeyedMutex } from '@innkeeper/kit';
import type { ImageRow, OperationRow } from '@innkeeper/store';
import type { NodeContext } from '../context.ts';
import { writeImageManifest } from '../data/manifest.ts';
import { listFolder, markFinished, markUnfinished, removeTree } from '../data/unfinished.ts';
import { listUnknownVms } from '../data/unknown-vms.ts';
import { checkName } from '../names.ts';
import type { OperationRunner } from '../operations/operation-runner.ts';
import { createImage, type MakeImage } from './create-image.ts';
import { assertSha256, imageSourceOf } from './image-source.ts';
import type { ImageKind, StagedOptions } from './image-tools.ts';
import { ImageUploads } from './image-uploads.ts';
import { type Base, prepareImageBase } from './prepare-image-base.ts';

const kinds: readonly string[] = ['tiny', 'debian', 'debian-openrc'] satisfies ImageKind[];

/** The images of the node. Changes to an image run one at a time. */
export class ImageLibrary {
  readonly #context: NodeContext;
  readonly #operations: OperationRunner;
  readonly #mutex = new KeyedMutex();
  readonly #being = new Set<string>();
  /** Files that clients send before they add them. */
  readonly uploads: ImageUploads;

  constructor(context: NodeContext, operations: OperationRunner) {
    this.#context = context;
    this.#operations = operations;
    this.uploads = new ImageUploads(join(context.folder.path, 'uploads'));
  }

  /** Fails with IMAGE_NOT_FOUND. */
  async get(name: string): Promise<ImageRow> {
    const row = await this.#context.store.images.find(name);
    if (row !== undefined) return row;
    throw new OperationError('IMAGE_NOT_FOUND', `There is no image named "${name.slice(0, 80)}".`);
  }

  /** Imports a file of the host. Fails with INVALID_NAME, INVALID_PATH, IMAGE_NAME_TAKEN. */
  async add(name: string, path: string): Promise<OperationRow> {
    return await this.addFrom({ name, path, url: '', uploadId: '', sha256: '' });
  }

  /**
   * Imports a file of the host, a download or a finished upload. Fails with INVALID_NAME, INVALID_PATH, INVALID_ARGUMENT,
   * IMAGE_NAME_TAKEN; the operation with IMAGE_DOWNLOAD_FAILED and CHECKSUM_MISMATCH too.
   */
  async addFrom(request: Omit<AddImageRequest, '$typeName' | '$unknown'>): Promise<OperationRow> {
    const name = checkName(request.name, 'an image');
    const source = await imageSourceOf(request, this.uploads);
    return await this.#make('image.add', name, async (directory, options) => {
      const path = await source.file(directory, options);
      const made = await this.#context.images.importImage(path, { directory }, options);
      assertSha256(source, made.sha256);
      await source.finish();
      return { ...made, kernel: undefined };
    });
  }

  /**
   * Builds an image from Debian packages. `rebuild` ignores the cache and replaces an existing image that no VM uses; the
   * old image stays usable until the new one is complete. Fails with INVALID_ARGUMENT, INVALID_NAME, IMAGE_NAME_TAKEN,
   * IMAGE_IN_USE.
   */
  async build(kind: string, name: string, rebuild: boolean): Promise<OperationRow> {
    if (!kinds.includes(kind)) {
      throw new OperationError(
        'INVALID_ARGUMENT',
        `Unknown kind of image "${kind.slice(0, 80)}". These can be built: ${kinds.join(', ')}.`,
      );
    }
    const wanted = checkName(name === '' ? kind : name, 'an image');
    const old = rebuild ? await this.#context.store.images.find(wanted) : undefined;
    if (old !== undefined && ((await this.#context.store.vms.countByImage()).get(wanted) ?? 0) > 0) {
      throw new OperationError('IMAGE_IN_USE', `VMs use the image "${wanted}".`);
    }
    if (old !== undefined) await this.#assertNoUnknownVm(wanted);
    const make: MakeImage = async (directory, options) => {
      const at = { directory, cacheDirectory: this.#context.folder.cache, rebuild };
      const made = await this.#context.images.buildImage(kind as ImageKind, at, options);
      const { virtualBytes } = await this.#context.images.imageInfo(made.originalPath);
      return { sha256: '', ...made, virtualBytes };
    };
    return await this.#make('image.build', wanted, make, old !== undefined);
  }

  /** Fails with IMAGE_NOT_FOUND, IMAGE_IN_USE. */
  async remove(name: string): Promise<OperationRow> {
    await this.get(name);
    await this.#assertNoUnknownVm(name);
    return await this.#operations.start({
      kind: 'image.remove',
      target: name,
      work: () => this.#drop(name),
    });
  }

  /** The base of a VM's disk: a copy with the agent, or the original image and the reason for the missing agent. */
  async ensureBase(name: string, options: StagedOptions): Promise<Base> {
    return await this.#mutex.run(name, async () => {
      options.signal?.throwIfAborted();
      return await prepareImageBase(this.#context, await this.get(name), options);
    });
  }

  async #make(kind: string, name: string, make: MakeImage, replaces = false): Promise<OperationRow> {
    if (this.#being.has(name) || (!replaces && (await this.#context.store.images.find(name)) !== undefined)) {
      throw new OperationError('IMAGE_NAME_TAKEN', `An image named "${name}" already exists or is being created.`);
    }
    this.#being.add(name);
    try {
      if (!replaces) await this.#assertFolderFree(name);
      return await this.#operations.start({
        kind,
        target: name,
        work: async (context) => {
          const options = { signal: context.signal, onStage: context.stage };
          try {
            await createImage(this.#context, name, make, options, (row) => this.#write(row, replaces));
            await this.ensureBase(name, options);
          } finally {
            this.#being.delete(name);
          }
        },
      });
    } catch (error) {
      this.#being.delete(name);
      throw error;
    }
  }

  /** Makes a complete image the current one of its name, replacing the previous one. */
  async #write(row: ImageRow, replaces: boolean): Promise<void> {
    const { store, folder } = this.#context;
    const imageFolder = folder.imageFolder(row.name);
    await this.#mutex.run(row.name, async () => {
      if (replaces) await this.#replace(row, imageFolder);
      else await store.images.insert(row);
      await this.#keepManifest(row);
    });
  }

  /** Marks the previous files of the image, so that a crash before or after the row's change leaves exactly one version. */
  async #replace(row: ImageRow, imageFolder: string): Promise<void> {
    const { store, folder } = this.#context;
    const before = await this.get(row.name);
    const old = join(imageFolder, relative(imageFolder, join(folder.path, before.path)).split('/')[0] ?? '');
    await markUnfinished(old);
    try {
      await store.images.replace(row);
    } catch (error) {
      await markFinished(old);
      throw error;
    }
    await removeTree(old);
  }

  async #drop(name: string): Promise<void> {
    const imageFolder = this.#context.folder.imageFolder(name);
    await this.#mutex.run(name, async () => {
      // A full disk must not prevent removing an image; without the mark, a crash now leaves its files behind.
      await markUnfinished(imageFolder).catch((error: unknown) => this.#warn('image.not-marked', name, error));
      try {
        await this.#context.store.images.remove(name);
      } catch (error) {
        await markFinished(imageFolder);
        throw error;
      }
      await removeTree(imageFolder);
    });
  }

  /** Refuses to use a folder with unknown files, which could be overwritten or removed with the image. */
  async #assertFolderFree(name: string): Promise<void> {
    const imageFolder = this.#context.folder.imageFolder(name);
    if ((await listFolder(imageFolder)).length === 0) return;
    throw new OperationError(
      'IMAGE_NAME_TAKEN',
      `The folder ${imageFolder} contains files that the database does not know.`,
      { nextStep: 'Choose another name, start the daemon with --adopt-data, or move the folder away.' },
    );
  }

  /** Fails with IMAGE_IN_USE while the database does not know a VM's folder whose disk may be an overlay of this image. */
  async #assertNoUnknownVm(name: string): Promise<void> {
    const vms = await listUnknownVms(this.#context);
    const user = vms.find(({ image }) => image === undefined || image === name);
    if (user === undefined) return;
    throw new OperationError(
      'IMAGE_IN_USE',
      `${user.path} contains a VM that the database does not know and whose disk may need the image "${name}".`,
      { nextStep: 'Start the daemon with --adopt-data, or move that folder away.' },
    );
  }

  /** Best effort: without a manifest the image works, and the next start writes it. */
  async #keepManifest(row: ImageRow): Promise<void> {
    await writeImageManifest(this.#context.folder.imageFolder(row.name), row).catch((error: unknown) =>
      this.#warn('image.manifest-not-written', row.name, error),
    );
  }

  #warn(event: string, image: string, error: unknown): void {
    this.#context.log.warn(event, { image, message: errorMessage(error) });
  }
}
