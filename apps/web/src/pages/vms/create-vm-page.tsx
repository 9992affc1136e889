import { allPages } from '@innkeeper/client/browser';
import type { Image } from '@innkeeper/contract/control';
import { Button, Checkbox, Select, TagsInput, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useMutation, useQuery } from '@tanstack/react-query';
import { type JSX, useState } from 'react';
import { useNavigate } from 'react-router';
import { api } from '../../api/api.ts';
import { EmptyState } from '../../components/empty-state.tsx';
import { ErrorNote } from '../../components/error-note.tsx';
import { InnCommand } from '../../components/inn-command.tsx';
import { Page } from '../../components/page.tsx';
import { showToast } from '../../components/toasts.tsx';
import { vmPath } from '../../components/vm-path.ts';
import { formatBytes } from '../../format/format-bytes.ts';
import { useOperations } from '../../live/use-operations.ts';
import { createCommand, createRequest, imageMib, problemsOf, type VmForm } from './create-vm-form.ts';

/** Creates a VM from an image. */
export function CreateVmPage(): JSX.Element {
  const running = useOperations().data?.operations.filter(({ kind }) => kind.startsWith('image.')) ?? [];
  const { data, error, refetch } = useQuery({
    // Refetches when an image operation has changed state.
    queryKey: ['images', running.map(({ state }) => state).join()],
    queryFn: async ({ signal }) => ({
      images: await allPages(
        (page) => api.images.listImages(page, { signal }),
        ({ images }) => images,
      ),
    }),
    placeholderData: (before) => before,
  });
  return (
    <Page title="Create a VM">
      {error !== null && (
        <ErrorNote title="The images could not be loaded" error={error} onRetry={() => void refetch()} />
      )}
      {data?.images.length === 0 && <NoImage />}
      {data !== undefined && data.images.length > 0 && <CreateForm images={data.images} />}
    </Page>
  );
}

function NoImage(): JSX.Element {
  const [busy, setBusy] = useState(false);
  const build = async (): Promise<void> => {
    setBusy(true);
    try {
      await api.images.buildImage({ kind: 'tiny' });
      showToast({
        id: 'build',
        tone: 'ok',
        title: 'The image is being built',
        body: 'See Operations for its progress.',
      });
    } catch (error) {
      setBusy(false);
      showToast({ id: 'build', tone: 'bad', title: 'The image was not built', error });
    }
  };
  return (
    <EmptyState
      title="No image yet"
      action={
        <Button loading={busy} onClick={() => void build()}>
          Build the small image
        </Button>
      }
      command="inn image build tiny"
    >
      A VM starts from an image. Building the small one takes about a minute. To add your own, use{' '}
      <code>inn image add NAME FILE</code> on the daemon’s machine.
    </EmptyState>
  );
}

function CreateForm({ images }: { readonly images: readonly Image[] }): JSX.Element {
  const form = useForm<VmForm>({
    initialValues: {
      name: '',
      image: images[0]?.name ?? '',
      cpus: '1',
      memory: '256',
      disk: '',
      tags: [],
      start: true,
      autostart: false,
      keepHostname: false,
      freshIdentity: false,
    },
    validate: (typed) => ({ ...problemsOf(typed, bytesOf(images, typed.image)) }),
  });
  const { values, setFieldValue } = form;
  const navigate = useNavigate();
  const create = useMutation({
    mutationFn: (wanted: VmForm) => api.vms.createVm(createRequest(wanted)),
    onSuccess: (_, { name }) => void navigate(vmPath(name)),
  });
  const image = images.find(({ name }) => name === values.image);
  const imageBytes = bytesOf(images, values.image);
  const problems = problemsOf(values, imageBytes);
  // Shown while typing; for a name not yet typed, after an attempt to submit.
  const nameProblem = values.name === '' ? form.errors['name'] : problems.name;
  return (
    <form className="card create-form" onSubmit={form.onSubmit((wanted) => create.mutate(wanted))}>
      {create.error !== null && <ErrorNote title="The VM was not created" error={create.error} />}
      <TextInput
        label="Name"
        description="a-z, 0-9 and “-”; at most 63 characters"
        data-autofocus
        autoFocus
        autoCapitalize="none"
        spellCheck={false}
        {...form.getInputProps('name')}
        error={nameProblem}
      />
      <Select
        label="Image"
        allowDeselect={false}
        data={images.map(({ name, virtualBytes, agentVersion }) => ({
          value: name,
          label: `${name} (${formatBytes(virtualBytes)}${agentVersion === '' ? ', no agent' : ''})`,
        }))}
        {...form.getInputProps('image')}
      />
      {image !== undefined && image.agentVersion === '' && (
        <p className="create-warning">
          {image.agentDetail} {image.agentNextStep}
        </p>
      )}
      <div className="create-sizes">
        <TextInput
          label="CPUs"
          description="1 to 64"
          inputMode="numeric"
          {...form.getInputProps('cpus')}
          error={problems.cpus}
        />
        <TextInput
          label="Memory"
          description="MiB, or with a unit: 2G"
          {...form.getInputProps('memory')}
          error={problems.memory}
        />
        <TextInput
          label="Disk"
          description="MiB, or with a unit: 20G"
          placeholder={`${imageMib(imageBytes)} (image)`}
          {...form.getInputProps('disk')}
          error={problems.disk}
        />
      </div>
      <TagsInput
        label="Tags"
        description="NAME or NAME=VALUE; press Enter after each"
        value={[...values.tags]}
        error={problems.tags}
        onChange={(tags) => setFieldValue('tags', tags)}
      />
      <Checkbox label="Start after creating" {...form.getInputProps('start', { type: 'checkbox' })} />
      <Checkbox
        label="Start with the daemon"
        description="Whenever the daemon starts, unless it was stopped by a user since the host booted"
        {...form.getInputProps('autostart', { type: 'checkbox' })}
      />
      <Checkbox
        label="Keep the image’s host name"
        description="Otherwise the guest is named after the VM"
        {...form.getInputProps('keepHostname', { type: 'checkbox' })}
      />
      <Checkbox
        label="Fresh machine id and SSH host keys"
        description="For images that were made from a machine in use"
        {...form.getInputProps('freshIdentity', { type: 'checkbox' })}
      />
      <InnCommand command={createCommand(values, problems)} />
      <div className="row create-foot">
        <Button variant="default" onClick={() => void navigate(-1)}>
          Cancel
        </Button>
        <Button type="submit" loading={create.isPending || create.isSuccess}>
          Create
        </Button>
      </div>
    </form>
  );
}

function bytesOf(images: readonly Image[], name: string): number {
  return Number(images.find((image) => image.name === name)?.virtualBytes ?? 0n);
}
