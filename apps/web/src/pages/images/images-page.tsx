import type { JSX } from 'react';
import { useState } from 'react';
import { hasPrivilege, useMe } from '../../api/session.ts';
import { EmptyState } from '../../components/empty-state.tsx';
import { ErrorNote } from '../../components/error-note.tsx';
import { Page } from '../../components/page.tsx';
import { useConfirm } from '../../components/use-confirm.tsx';
import { AddImage } from './add-image.tsx';
import { removeImage } from './image-actions.tsx';
import { ImageItem } from './image-item.tsx';
import { useImages } from './use-images.ts';

/** The images that VMs are created from: where each is used, and how to get more. */
export function ImagesPage(): JSX.Element {
  const { me } = useMe();
  const { images, error, refetch } = useImages();
  const { ask, dialog } = useConfirm();
  const [removing, setRemoving] = useState<string>();
  const mayChange = hasPrivilege(me, 'node.manage');
  return (
    <Page
      title="Images"
      aside={images !== undefined && <span className="dim number">{images.length}</span>}
      actions={mayChange && <AddImage taken={images?.map(({ name }) => name) ?? []} />}
    >
      {error !== null && <ErrorNote title="The images could not be loaded" error={error} onRetry={refetch} />}
      {images?.length === 0 && (
        <EmptyState title="No image yet" command="inn image build tiny">
          A VM starts from an image. Build the small one in about a minute, or add your own disk image.
        </EmptyState>
      )}
      {images !== undefined && images.length > 0 && (
        <ul className="card image-list">
          {images.map((image) => (
            <ImageItem
              key={image.name}
              image={image}
              mayChange={mayChange}
              busy={removing === image.name}
              onRemove={() => {
                setRemoving(image.name);
                void removeImage(image, ask).finally(() => setRemoving(undefined));
              }}
            />
          ))}
        </ul>
      )}
      {dialog}
    </Page>
  );
}
