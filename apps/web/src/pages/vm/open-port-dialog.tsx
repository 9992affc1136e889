import { NumberInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import type { JSX } from 'react';
import { FormDialog } from './files/form-dialog.tsx';

const usualPort = 3000;

/** Opens what a program of the guest serves at a port, in a tab that cannot reach the console. */
export function OpenPortDialog({
  vm,
  onClose,
}: {
  readonly vm: { readonly name: string };
  readonly onClose: () => void;
}): JSX.Element {
  const form = useForm<{ port: number | string }>({ initialValues: { port: usualPort } });
  const port = Number(form.values.port);
  const isPort = Number.isInteger(port) && port >= 1 && port <= 65_535;
  return (
    <FormDialog
      title="Open port"
      action="Open"
      failure="The port was not opened"
      command={isPort ? `inn forward ${vm.name} ${port}` : undefined}
      invalid={!isPort}
      onClose={onClose}
      onSubmit={async () => {
        window.open(`/v1/vms/${encodeURIComponent(vm.name)}/ports/${port}/`, '_blank', 'noopener');
      }}
    >
      <NumberInput
        label="TCP port in the guest"
        description="A program there must speak HTTP. Its page opens in a new tab."
        min={1}
        max={65_535}
        allowDecimal={false}
        autoFocus
        {...form.getInputProps('port')}
      />
    </FormDialog>
  );
}
