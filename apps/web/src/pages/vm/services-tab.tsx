import type { Unit } from '@innkeeper/contract/agent';
import { Button, NativeSelect, TextInput } from '@mantine/core';
import { useCallbackRef } from '@mantine/hooks';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import type { JSX } from 'react';
import { guest } from '../../api/guest.ts';
import { hasPrivilege, useMe } from '../../api/session.ts';
import { ErrorNote } from '../../components/error-note.tsx';
import { Icon } from '../../components/icon.tsx';
import { InnCommand } from '../../components/inn-command.tsx';
import { showToast } from '../../components/toasts.tsx';
import { useConfirm } from '../../components/use-confirm.tsx';
import { showName } from '../../format/show-name.ts';
import { useParameters } from '../use-parameters.ts';
import { CapabilityMissing, lacksCapability } from './capability-missing.tsx';
import { GuestUnavailable, isGuestUnavailable } from './guest-unavailable.tsx';
import { ServiceRows } from './services/service-rows.tsx';
import {
  failedFirst,
  filterServices,
  listServicesCommand,
  type ServiceAction,
  serviceCommand,
  stateFilters,
} from './services/service-view.ts';
import type { VmTabProps } from './vm-tab.ts';

const refreshMs = 10_000;

/** The guest's services, and actions on them. The filters are in the address. */
export function ServicesTab({ vm }: VmTabProps): JSX.Element {
  const { me } = useMe();
  const [parameters, change] = useParameters();
  const { ask, dialog } = useConfirm();
  const filter = parameters.get('filter') ?? '';
  const state = stateFilters.find((each) => each === parameters.get('state')) ?? '';
  const missing = lacksCapability(vm, 'units');
  const connected = !isGuestUnavailable(vm);
  const { data, error, refetch } = useQuery({
    queryKey: ['services', vm.id],
    queryFn: ({ signal }) => guest.units.list(vm.id, { signal }),
    refetchInterval: refreshMs,
    placeholderData: keepPreviousData,
    structuralSharing: false,
    enabled: connected && !missing,
  });
  const onAction = useCallbackRef(async (unit: Unit, action: ServiceAction): Promise<void> => {
    const { verb, label, consequence, done } = action;
    const name = showName(unit.name);
    const question = {
      title: `${label}: ${name}?`,
      body: <p>{consequence}</p>,
      confirm: label,
      danger: verb === 'stop',
      command: serviceCommand(vm.name, verb, unit.name),
    };
    if (consequence !== undefined && !(await ask(question))) return;
    const id = `service ${unit.name}`;
    try {
      await guest.units.control(vm.id, unit.name, verb);
      showToast({ id, tone: 'ok', title: `${name} is ${done}` });
    } catch (failure) {
      showToast({ id, tone: 'bad', title: `${name} was not ${done}`, error: failure });
    }
    await refetch();
  });

  if (!connected) return <GuestUnavailable vm={vm} feature="The list of services" />;
  if (missing) return <CapabilityMissing vm={vm} name="units" feature="Services" />;
  const units = data === undefined ? undefined : failedFirst(filterServices(data.units, filter, state));
  const refusal = hasPrivilege(me, 'guest.admin', vm) ? undefined : 'You lack the privilege guest.admin on this VM';
  return (
    <>
      <div className="services-tools">
        <TextInput
          className="services-filter"
          size="sm"
          data-filter
          aria-label="Filter services"
          placeholder="Name or description"
          leftSection={<Icon name="search" size={15} />}
          value={filter}
          onChange={(event) => change({ filter: event.currentTarget.value })}
        />
        <NativeSelect
          size="sm"
          aria-label="State"
          value={state}
          data={[{ value: '', label: 'All states' }, ...stateFilters]}
          onChange={(event) => change({ state: event.currentTarget.value })}
        />
        <span className="dim number" role="status">
          {data !== undefined && units !== undefined && countText(units.length, data.units.length, data.initSystem)}
        </span>
        <div className="grow" />
        <InnCommand command={listServicesCommand(vm.name, state)} />
        <Button size="xs" variant="default" onClick={() => void refetch()}>
          Refresh
        </Button>
      </div>
      {error !== null && (
        <ErrorNote title="The services could not be listed" error={error} onRetry={() => void refetch()} />
      )}
      {units !== undefined && (
        <div className="card services-card">
          {units.length === 0 ? (
            <p className="dim">No service matches the filter.</p>
          ) : (
            <ServiceTable units={units} vm={vm} refusal={refusal} onAction={onAction} />
          )}
        </div>
      )}
      {dialog}
    </>
  );
}

function ServiceTable({
  units,
  vm,
  refusal,
  onAction,
}: Pick<VmTabProps, 'vm'> & {
  readonly units: readonly Unit[];
  readonly refusal: string | undefined;
  readonly onAction: (unit: Unit, action: ServiceAction) => void;
}): JSX.Element {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached by keyboard
    <section className="data-table-scroll" aria-label="Services table" tabIndex={0}>
      <table className="data-table services-table">
        <thead>
          <tr>
            <th scope="col">Name</th>
            <th scope="col">State</th>
            <th scope="col">At boot</th>
            <th scope="col" className="right">
              Memory
            </th>
            <th scope="col" className="right">
              Since
            </th>
            <th scope="col">
              <span className="visually-hidden">Actions</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {units.map((unit) => (
            <ServiceRows
              key={unit.name}
              unit={unit}
              vm={vm.id}
              vmName={vm.name}
              refusal={refusal}
              onAction={onAction}
            />
          ))}
        </tbody>
      </table>
    </section>
  );
}

function countText(shown: number, total: number, initSystem: string): string {
  return `${shown < total ? `${shown} of ${total}` : `${total} services`} (${initSystem})`;
}
