import { OperationError } from '@innkeeper/contract';
import type { DriverMap, HypervisorDriver } from '@innkeeper/hypervisor';
import type { VmRow } from '@innkeeper/store';

interface WithDrivers {
  readonly drivers: DriverMap;
}

/** The driver for new VMs. */
export function newVmDriver({ drivers }: WithDrivers): HypervisorDriver {
  for (const driver of drivers.values()) return driver;
  throw new OperationError('HYPERVISOR_MISSING', 'This daemon has no hypervisor driver.');
}

/** The driver with which a VM was created. Throws HYPERVISOR_MISSING when this daemon does not have it. */
export function driverOf(
  { drivers }: WithDrivers,
  { name, driver: wanted }: Pick<VmRow, 'name' | 'driver'>,
): HypervisorDriver {
  const driver = drivers.get(wanted);
  if (driver !== undefined) return driver;
  const known = [...drivers.keys()].join(', ');
  throw new OperationError(
    'HYPERVISOR_MISSING',
    `The VM "${name}" was created with the driver "${wanted}", which this daemon does not have (it has ${known}).`,
    { nextStep: 'Run a version of Innkeeper that has this driver.' },
  );
}
