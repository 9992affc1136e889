import { uploadImage } from '@innkeeper/client/browser';
import { useSyncExternalStore } from 'react';
import { api, origin } from '../../api/api.ts';
import { uploadId } from '../vm/files/upload-id.ts';
import { type Upload, UploadQueue } from '../vm/files/upload-queue.ts';

/** The checksum that the user gave for an upload, by the image's name. */
const checksums = new Map<string, string>();

/** Uploads of images; they continue while other pages are shown, until the window is closed. */
export const imageUploads = new UploadQueue(
  async (name, file, options) => {
    const source = file instanceof File ? file : { name: '', size: file.size, lastModified: 0 };
    // The same file gets the same id, so that its upload resumes when it is chosen again, also after a reload.
    const id = uploadId('', name, source);
    await uploadImage(origin, file, { ...options, uploadId: id });
    await api.images.addImage({ name, uploadId: id, sha256: checksums.get(name) ?? '' });
  },
  ({ path }) => checksums.delete(path),
);

/** Uploads a file and makes it an image. */
export function addByUpload(name: string, file: File, sha256: string): void {
  checksums.set(name, sha256);
  imageUploads.add([{ path: name, file }]);
}

export function useImageUploads(): readonly Upload[] {
  return useSyncExternalStore(imageUploads.subscribe, () => imageUploads.uploads);
}
