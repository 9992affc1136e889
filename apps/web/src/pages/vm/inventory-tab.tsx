import { useQuery } from '@tanstack/react-query';
import type { JSX } from 'react';
import { guest } from '../../api/guest.ts';
import { ErrorNote } from '../../components/error-note.tsx';
import { InnCommand } from '../../components/inn-command.tsx';
import { CapabilityMissing, lacksCapability } from './capability-missing.tsx';
import { GuestUnavailable, isGuestUnavailable } from './guest-unavailable.tsx';
import { AccountCard } from './inventory/account-card.tsx';
import { ContainerCard } from './inventory/container-card.tsx';
import { HardwareCards } from './inventory/hardware-cards.tsx';
import { inventoryCommand } from './inventory/inventory-view.ts';
import { PackageCard } from './inventory/package-card.tsx';
import type { VmTabProps } from './vm-tab.ts';

/** What the guest consists of, asked when the tab is opened. */
export function InventoryTab({ vm }: VmTabProps): JSX.Element {
  const missing = lacksCapability(vm, 'inventory');
  const connected = !isGuestUnavailable(vm);
  const { data, error, refetch } = useQuery({
    queryKey: ['inventory', vm.id],
    queryFn: ({ signal }) => guest.inventory.get(vm.id, { signal }),
    structuralSharing: false,
    enabled: connected && !missing,
  });
  if (!connected) return <GuestUnavailable vm={vm} feature="The inventory" />;
  if (missing) return <CapabilityMissing vm={vm} name="inventory" feature="Inventories" />;
  return (
    <>
      <InnCommand command={inventoryCommand(vm.name)} />
      {error !== null && (
        <ErrorNote title="The inventory could not be read" error={error} onRetry={() => void refetch()} />
      )}
      <div className="vm-cards">
        {data !== undefined && <HardwareCards inventory={data} />}
        <ContainerCard vm={vm.id} />
        <PackageCard vm={vm.id} />
        <AccountCard vm={vm.id} />
      </div>
    </>
  );
}
