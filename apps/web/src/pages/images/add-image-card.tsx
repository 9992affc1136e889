import { quoteWord } from '@innkeeper/kit';
import { Button, FileInput, SegmentedControl, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useMutation } from '@tanstack/react-query';
import type { JSX } from 'react';
import { api } from '../../api/api.ts';
import { Card } from '../../components/card.tsx';
import { ErrorNote } from '../../components/error-note.tsx';
import { InnCommand } from '../../components/inn-command.tsx';
import { showToast } from '../../components/toasts.tsx';
import { type AddImageForm, addImageProblems, fileOfUrl, type ImageSourceKind, imageNameOf } from './add-image-form.ts';
import { addByUpload } from './image-uploads.ts';

export interface AddImageCardProps {
  readonly kind: ImageSourceKind;
  readonly taken: readonly string[];
  readonly onKind: (kind: ImageSourceKind) => void;
  readonly onClose: () => void;
}

/** Adds an image from a file of this computer, or from a URL that the node downloads. */
export function AddImageCard({ kind, taken, onKind, onClose }: AddImageCardProps): JSX.Element {
  const form = useForm<AddImageForm>({
    initialValues: { name: '', file: null, url: '', sha256: '' },
    validate: (typed) => ({ ...addImageProblems(typed, kind, taken) }),
  });
  const { values, setFieldValue } = form;
  const add = useMutation({
    mutationFn: async ({ name, file, url, sha256 }: AddImageForm) => {
      if (kind === 'file' && file !== null) addByUpload(name, file, sha256.trim());
      else await api.images.addImage({ name, url, sha256: sha256.trim() });
    },
    onSuccess: (_, { name }) => {
      if (kind === 'url')
        showToast({ id: `image ${name}`, tone: 'ok', title: `The image ${name} is being downloaded` });
      onClose();
    },
  });
  const suggestName = (file: string): void => {
    if (values.name === '' || values.name === imageNameOf(sourceName(values, kind)))
      setFieldValue('name', imageNameOf(file));
  };
  return (
    <Card title="Add an image" className="add-image">
      <form onSubmit={form.onSubmit((wanted) => add.mutate(wanted))}>
        {add.error !== null && <ErrorNote title="The image was not added" error={add.error} />}
        <SegmentedControl
          size="sm"
          aria-label="Where the image comes from"
          value={kind}
          onChange={(value) => onKind(value === 'url' ? 'url' : 'file')}
          data={[
            { value: 'file', label: 'A file of this computer' },
            { value: 'url', label: 'A URL' },
          ]}
        />
        {kind === 'file' ? (
          <FileInput
            label="File"
            description="A raw or qcow2 disk image"
            placeholder="Choose a file"
            accept=".raw,.img,.qcow2"
            {...form.getInputProps('file')}
            onChange={(file) => {
              suggestName(file?.name ?? '');
              setFieldValue('file', file);
            }}
          />
        ) : (
          <TextInput
            label="URL"
            description="The node downloads it"
            placeholder="https://cloud.debian.org/images/…/debian-13-generic-amd64.qcow2"
            inputMode="url"
            spellCheck={false}
            {...form.getInputProps('url')}
            onChange={(event) => {
              suggestName(fileOfUrl(event.currentTarget.value));
              setFieldValue('url', event.currentTarget.value);
            }}
          />
        )}
        <TextInput
          label="SHA-256"
          description="Optional: a file with another checksum is refused"
          spellCheck={false}
          {...form.getInputProps('sha256')}
        />
        <TextInput
          label="Name"
          description="a-z, 0-9 and “-”; at most 63 characters"
          spellCheck={false}
          {...form.getInputProps('name')}
        />
        <InnCommand command={commandOf(values, kind)} />
        <div className="row add-image-foot">
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
          <Button type="submit" loading={add.isPending}>
            {kind === 'file' ? 'Upload' : 'Download'}
          </Button>
        </div>
      </form>
    </Card>
  );
}

function sourceName({ file, url }: AddImageForm, kind: ImageSourceKind): string {
  return kind === 'file' ? (file?.name ?? '') : fileOfUrl(url);
}

function commandOf(form: AddImageForm, kind: ImageSourceKind): string {
  const source = kind === 'file' ? (form.file?.name ?? 'FILE') : form.url === '' ? 'URL' : form.url;
  const sum = form.sha256 === '' ? '' : ` --sha256 ${quoteWord(form.sha256.trim())}`;
  return `inn image add ${quoteWord(source)} --name ${form.name === '' ? 'NAME' : quoteWord(form.name)}${sum}`;
}
