import type { Vm } from '@innkeeper/contract/control';
import { guestFamilies } from './guest-families.ts';
import type { RemoteSample } from './write-request.ts';

/** The samples of a VM at one time: the same series as in `GET /metrics`. */
export function remoteSamples(vms: readonly Vm[], timeMs: number): RemoteSample[] {
  return vms.flatMap((vm) =>
    guestFamilies.flatMap(({ name, of }) =>
      of(vm).flatMap(({ value, labels = {} }) => {
        const number = Number(value);
        if (value === undefined || !Number.isFinite(number)) return [];
        return [{ name, labels: { vm: vm.name, id: vm.id, ...labels }, value: number, timeMs }];
      }),
    ),
  );
}
