import { OperationError } from '@innkeeper/contract';
import type { DriverMap, HypervisorDriver } from '@innkeeper/hypervisor';
import type { VmRow } from '@innkeeper/store';

interface WithDrivers {
  readonly drivers: DriverMap;
}

/** The driver that new VMs get. */
export function newVmDriver({ drivers }: WithDrivers): HypervisorDriver {
  for (const driver of drivers.values()) return driver;
  throw new OperationError('HYPERVISOR_MISSING', 'This daemon has no driver.');
}

/** The driver that a VM was made with. Throws HYPERVISOR_MISSING when this daemon does not have it. */
export function driverOf(
  { drivers }: WithDrivers,
  { name, driver: wanted }: Pick<VmRow, 'name' | 'driver'>,
): HypervisorDriver {
  const driver = drivers.get(wanted);
  if (driver !== undefined) return driver;
  const known = [...drivers.keys()].join(', ');
  throw new OperationError(
    'HYPERVISOR_MISSING',
    `The VM "${name}" was made with the driver "${wanted}", which this daemon does not have (it has ${known}).`,
    { nextStep: 'Run a version of Innkeeper that has this driver.' },
  );
}
