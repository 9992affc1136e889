import type { JSX } from 'react';
import { useState } from 'react';
import { useSearchParams } from 'react-router';
import { hasPrivilege, useMe } from '../../api/session.ts';
import { EmptyState } from '../../components/empty-state.tsx';
import { ErrorNote } from '../../components/error-note.tsx';
import { Page } from '../../components/page.tsx';
import { useConfirm } from '../../components/use-confirm.tsx';
import { UploadList } from '../vm/files/upload-list.tsx';
import { AddImage } from './add-image.tsx';
import { AddImageCard } from './add-image-card.tsx';
import type { ImageSourceKind } from './add-image-form.ts';
import { removeImage } from './image-actions.tsx';
import { ImageItem } from './image-item.tsx';
import { imageUploads, useImageUploads } from './image-uploads.ts';
import { useImages } from './use-images.ts';

/** The images that VMs are created from: where each is used, and how to get more. */
export function ImagesPage(): JSX.Element {
  const { me } = useMe();
  const { images, error, refetch } = useImages();
  const { ask, dialog } = useConfirm();
  const [removing, setRemoving] = useState<string>();
  const [parameters, setParameters] = useSearchParams();
  const added = parameters.get('add');
  const kind = added === 'file' || added === 'url' ? added : undefined;
  const setKind = (next: ImageSourceKind | undefined): void =>
    setParameters(next === undefined ? {} : { add: next }, { replace: true });
  const uploads = useImageUploads();
  const names = images?.map(({ name }) => name) ?? [];
  const mayChange = hasPrivilege(me, 'node.manage');
  return (
    <Page
      title="Images"
      aside={images !== undefined && <span className="dim number">{images.length}</span>}
      actions={mayChange && <AddImage taken={names} onAdd={() => setKind('file')} />}
    >
      {error !== null && <ErrorNote title="The images could not be loaded" error={error} onRetry={refetch} />}
      {mayChange && kind !== undefined && (
        <AddImageCard kind={kind} taken={names} onKind={setKind} onClose={() => setKind(undefined)} />
      )}
      <UploadList queue={imageUploads} uploads={uploads} />
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
