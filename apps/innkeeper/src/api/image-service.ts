import type { ServiceImpl } from '@connectrpc/connect';
import type { ImageService } from '@innkeeper/contract/control';
import { pageOf } from '../edge/page.ts';
import type { NodeApi } from '../ports/node-api.ts';

/** ImageService over a node. */
export function createImageService({ images }: NodeApi): ServiceImpl<typeof ImageService> {
  return {
    listImages: async (request) => {
      const all = await images.list();
      const wanted = request.node === '' ? all : all.filter(({ node }) => node === request.node);
      const { items, nextPageToken } = pageOf(wanted, request);
      return { images: [...items], nextPageToken };
    },
    addImage: (request) => images.add(request),
    buildImage: (request) => images.build(request),
    removeImage: (request) => images.remove(request.name),
  };
}
