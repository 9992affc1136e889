import type { ConfiguredInterface, NetworkReport } from '@innkeeper/contract/agent';
import type { Vm } from '@innkeeper/contract/control';
import { Checkbox, NativeSelect, NumberInput, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import type { JSX } from 'react';
import { guest } from '../../../api/guest.ts';
import { FormDialog } from '../files/form-dialog.tsx';
import { formOf, formProblem, type NetworkForm, optionsOf, setNetworkCommand } from './network-form.ts';

/** Configures an interface. Closes when the change is applied and awaits its confirmation. */
export function ConfigureDialog({
  vm,
  report,
  card,
  onClose,
}: {
  readonly vm: Vm;
  readonly report: NetworkReport;
  readonly card: ConfiguredInterface;
  readonly onClose: () => void;
}): JSX.Element {
  const form = useForm<NetworkForm>({ initialValues: formOf(report, card) });
  const { values } = form;
  const problem = formProblem(values);
  return (
    <FormDialog
      title={`Configure ${card.name} of ${vm.name}`}
      action="Apply"
      failure="The network was not changed"
      command={problem === undefined ? setNetworkCommand(vm.name, values) : undefined}
      invalid={problem !== undefined}
      onClose={onClose}
      onSubmit={async () => {
        await guest.networks.set(vm.id, optionsOf(values));
      }}
    >
      <p className="dim">
        This replaces the configuration of {card.name}. The guest restores the earlier one unless you confirm the change
        in time, and when its gateway does not answer.
      </p>
      <NativeSelect
        label="IPv4"
        data={[
          { value: 'static', label: 'Static' },
          { value: 'dhcp', label: 'DHCP' },
          { value: 'none', label: 'None' },
        ]}
        {...form.getInputProps('method4')}
      />
      {values.method4 === 'static' && (
        <>
          <TextInput label="IPv4 addresses" placeholder="192.0.2.5/24" {...form.getInputProps('addresses4')} />
          <TextInput label="IPv4 gateway" placeholder="none" {...form.getInputProps('gateway4')} />
        </>
      )}
      <NativeSelect
        label="IPv6"
        data={[
          { value: 'auto', label: 'Router advertisements' },
          { value: 'dhcp', label: 'DHCP' },
          { value: 'static', label: 'Static' },
        ]}
        {...form.getInputProps('method6')}
      />
      {values.method6 !== 'dhcp' && (
        <TextInput label="IPv6 addresses" placeholder="none" {...form.getInputProps('addresses6')} />
      )}
      {values.method6 === 'static' && (
        <TextInput label="IPv6 gateway" placeholder="none" {...form.getInputProps('gateway6')} />
      )}
      <TextInput label="Name servers" placeholder="none, or those of DHCP" {...form.getInputProps('dns')} />
      <TextInput label="Search domains" placeholder="none" {...form.getInputProps('search')} />
      <TextInput label="MTU" placeholder="as it is" inputMode="numeric" {...form.getInputProps('mtu')} />
      <NumberInput
        label="Confirm within"
        suffix=" s"
        min={5}
        max={3600}
        allowDecimal={false}
        value={values.confirmSeconds}
        onChange={(value) => form.setFieldValue('confirmSeconds', Number(value) || 60)}
      />
      <Checkbox
        label="Until the guest restarts; write no configuration"
        {...form.getInputProps('temporary', { type: 'checkbox' })}
      />
      {problem !== undefined && <p className="warn">{problem}</p>}
    </FormDialog>
  );
}
