import type { Vm } from '@innkeeper/contract/control';
import type { ComponentType } from 'react';

/** Properties of every tab of a VM's page. The VM is live. */
export interface VmTabProps {
  readonly vm: Vm;
}

export interface VmTab {
  /** Key in the address: /vms/NAME/KEY. */
  readonly key: string;
  readonly label: string;
  /** Without this privilege the tab is disabled, with the reason. */
  readonly privilege?: string;
  /** The tab fills the window and its content scrolls, as for a terminal. */
  readonly fill?: boolean;
  readonly component: ComponentType<VmTabProps>;
}
