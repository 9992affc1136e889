import type { Vm } from '@innkeeper/contract/control';

/** The writable mount of a guest with the highest usage, as an unprivileged user sees it; undefined if none is known. */
export function fullestMount(vm: Vm): { readonly mountPoint: string; readonly percent: number } | undefined {
  let fullest: { mountPoint: string; percent: number } | undefined;
  for (const mount of vm.telemetry?.mounts ?? []) {
    if (mount.usedBytes === undefined || mount.availableBytes === undefined || mount.readOnly) continue;
    const usable = Number(mount.usedBytes + mount.availableBytes);
    const percent = usable === 0 ? 0 : (Number(mount.usedBytes) / usable) * 100;
    if (fullest === undefined || percent > fullest.percent) fullest = { mountPoint: mount.mountPoint, percent };
  }
  return fullest;
}
