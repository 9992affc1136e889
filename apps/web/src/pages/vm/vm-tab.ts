import type { Vm } from '@innkeeper/contract/control';
import type { ComponentType } from 'react';

/** What every tab of a VM's page is given. The VM is live. */
export interface VmTabProps {
  readonly vm: Vm;
}

export interface VmTab {
  /** In the address: /vms/NAME/KEY. */
  readonly key: string;
  readonly label: string;
  /** Who lacks it sees the tab disabled, with the reason. */
  readonly privilege?: string;
  /** The tab fills the window and scrolls inside, as a terminal does. */
  readonly fill?: boolean;
  readonly component: ComponentType<VmTabProps>;
}
