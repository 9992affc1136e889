import type { Vm } from '@innkeeper/contract/control';
import { VmState } from '@innkeeper/contract/control';
import { NumberInput, TagsInput, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import type { JSX } from 'react';
import { api } from '../../api/api.ts';
import { nameProblem } from '../vms/create-vm-form.ts';
import { FormDialog } from './files/form-dialog.tsx';
import { settingsCommand, settingsOf, settingsRequest } from './vm-settings.ts';

/** Changes a VM's name, CPUs and memory while it is stopped, and its tags at any time. */
export function SettingsDialog({ vm, onClose }: { readonly vm: Vm; readonly onClose: () => void }): JSX.Element {
  const form = useForm({ initialValues: { ...settingsOf(vm), tags: [...settingsOf(vm).tags] } });
  const isStopped = vm.state === VmState.STOPPED || vm.state === VmState.CRASHED;
  const problem = nameProblem(form.values.name);
  const request = settingsRequest(vm, form.values);
  return (
    <FormDialog
      title={`Settings of ${vm.name}`}
      action="Save"
      failure="The settings were not changed"
      command={request === undefined ? undefined : settingsCommand(vm, request)}
      invalid={request === undefined || problem !== undefined}
      onClose={onClose}
      onSubmit={async () => {
        if (request !== undefined) await api.vms.updateVm(request);
      }}
    >
      {!isStopped && <p className="dim">Stop the VM to change its name, CPUs or memory.</p>}
      <TextInput
        label="Name"
        autoComplete="off"
        disabled={!isStopped}
        {...form.getInputProps('name')}
        error={problem}
      />
      <NumberInput
        label="CPUs"
        min={1}
        max={64}
        allowDecimal={false}
        clampBehavior="strict"
        disabled={!isStopped}
        value={form.values.cpus}
        onChange={(value) => form.setFieldValue('cpus', Number(value) || vm.cpus)}
      />
      <NumberInput
        label="Memory"
        suffix=" MiB"
        min={64}
        step={256}
        allowDecimal={false}
        disabled={!isStopped}
        value={form.values.memoryMib}
        onChange={(value) => form.setFieldValue('memoryMib', Number(value) || settingsOf(vm).memoryMib)}
      />
      <TagsInput
        label="Tags"
        description="NAME or NAME=VALUE; they decide who has access"
        {...form.getInputProps('tags')}
      />
    </FormDialog>
  );
}
