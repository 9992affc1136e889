import { useEffect, useEffectEvent, useState, useSyncExternalStore } from 'react';
import { guest } from '../../../api/guest.ts';
import { uploadId } from './upload-id.ts';
import { isActive, type Upload, UploadQueue } from './upload-queue.ts';

/** Upload queues by VM; they continue while other tabs of the VM are shown, until the page is closed. */
const queues = new Map<string, { readonly queue: UploadQueue; onDone: (upload: Upload) => void }>();

/** The upload queue of a VM and its content. `onDone` is called for each completed upload. */
export function useUploads(
  vm: string,
  onDone: (upload: Upload) => void,
): { readonly queue: UploadQueue; readonly uploads: readonly Upload[] } {
  const [entry] = useState(() => {
    const known = queues.get(vm);
    if (known !== undefined) return known;
    const made = {
      onDone,
      queue: new UploadQueue(
        (path, file, options) =>
          guest.files.upload(vm, path, file, { ...options, uploadId: uploadIdOf(vm, path, file) }),
        (upload) => made.onDone(upload),
      ),
    };
    queues.set(vm, made);
    return made;
  });
  const completed = useEffectEvent(onDone);
  useEffect(() => {
    entry.onDone = (upload) => completed(upload);
  }, [entry]);
  const { queue } = entry;
  const uploads = useSyncExternalStore(queue.subscribe, () => queue.uploads);
  const active = uploads.some(({ state }) => isActive(state));
  useEffect(() => {
    if (!active) return;
    const onLeave = (event: BeforeUnloadEvent): void => event.preventDefault();
    addEventListener('beforeunload', onLeave);
    return () => removeEventListener('beforeunload', onLeave);
  }, [active]);
  return { queue, uploads };
}

function uploadIdOf(vm: string, path: string, file: Blob): string {
  return uploadId(vm, path, file instanceof File ? file : { name: '', size: file.size, lastModified: 0 });
}
