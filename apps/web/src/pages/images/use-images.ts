import { allPages } from '@innkeeper/client/browser';
import type { Image } from '@innkeeper/contract/control';
import { useQuery } from '@tanstack/react-query';
import { api } from '../../api/api.ts';
import { useOperations } from '../../live/use-operations.ts';

export interface Images {
  /** Undefined until the first response. */
  readonly images: readonly Image[] | undefined;
  readonly error: Error | null;
  readonly refetch: () => void;
}

/** The images of the node; loaded again when an operation that changes them, or the VMs on them, has changed state. */
export function useImages(): Images {
  const changes = useOperations().data?.operations.filter(({ kind }) => /^image\.|^vm\.(create|delete)$/.test(kind));
  const { data, error, refetch } = useQuery({
    queryKey: ['images', changes?.map(({ id, state }) => `${id} ${state}`).join()],
    queryFn: ({ signal }) =>
      allPages(
        (page) => api.images.listImages(page, { signal }),
        (answer) => answer.images,
      ),
    placeholderData: (before) => before,
  });
  return { images: data, error, refetch: () => void refetch() };
}
