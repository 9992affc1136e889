import { useEffect, useRef, useState, useSyncExternalStore } from 'react';
import { useMe } from '../../../api/session.ts';
import { uploadTransport } from './send-file.ts';
import { isActive, type Upload, UploadQueue } from './upload-queue.ts';

/** The uploads to a VM; they go on while other tabs of it are shown, and end with the page. */
const queues = new Map<string, { readonly queue: UploadQueue; onDone: (upload: Upload) => void }>();

/** The queue of a VM and what is in it. `onDone` is told of each that landed. */
export function useUploads(
  vm: string,
  onDone: (upload: Upload) => void,
): { readonly queue: UploadQueue; readonly uploads: readonly Upload[] } {
  const { me } = useMe();
  const csrfToken = useRef('');
  csrfToken.current = me?.csrfToken ?? '';
  const [entry] = useState(() => {
    const known = queues.get(vm);
    if (known !== undefined) return known;
    const made = {
      onDone,
      queue: new UploadQueue(
        uploadTransport(vm, () => csrfToken.current),
        (upload) => made.onDone(upload),
      ),
    };
    queues.set(vm, made);
    return made;
  });
  entry.onDone = onDone;
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
