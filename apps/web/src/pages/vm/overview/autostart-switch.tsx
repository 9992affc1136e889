import type { Vm } from '@innkeeper/contract/control';
import { Switch } from '@mantine/core';
import { type JSX, useState } from 'react';
import { api } from '../../../api/api.ts';
import { hasPrivilege, useMe } from '../../../api/session.ts';
import { showToast } from '../../../components/toasts.tsx';

/** Switch for starting a VM together with the daemon. */
export function AutostartSwitch({ vm }: { readonly vm: Vm }): JSX.Element {
  const { me } = useMe();
  /** The requested state, until the daemon has responded. */
  const [wanted, setWanted] = useState<boolean>();
  const mayChange = hasPrivilege(me, 'vm.manage', vm);
  const change = async (autostart: boolean): Promise<void> => {
    setWanted(autostart);
    try {
      await api.vms.updateVm({ vm: vm.id, autostart });
    } catch (error) {
      const title = `The autostart of ${vm.name} was not changed`;
      showToast({ id: `autostart ${vm.id}`, tone: 'bad', title, error });
    } finally {
      setWanted(undefined);
    }
  };
  const hint = mayChange
    ? 'Starts with the daemon, unless it was stopped by a user since the host booted'
    : 'You lack the privilege vm.manage on this VM';
  return (
    <span data-hint={hint}>
      <Switch
        size="sm"
        aria-label="Autostart"
        label={(wanted ?? vm.autostart) ? 'on' : 'off'}
        checked={wanted ?? vm.autostart}
        disabled={!mayChange || wanted !== undefined}
        onChange={(event) => void change(event.currentTarget.checked)}
      />
    </span>
  );
}
