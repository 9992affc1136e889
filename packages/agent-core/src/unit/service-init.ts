import type { Host } from '../host.ts';
import { programPath } from '../program-path.ts';
import { initSystem } from '../telemetry/init-system.ts';

/** The init systems with services. */
export type ServiceInit = 'systemd' | 'openrc' | 'sysv';

/** The init system of this guest if it has services; otherwise why it has none. */
export function serviceInit(host: Host): { readonly init: ServiceInit } | { readonly reason: string } {
  const init = initSystem(host);
  if (init === 'busybox') return { reason: 'this guest starts its programs from busybox’s inittab, without services' };
  if (init === 'other') return { reason: 'this guest has none of systemd, OpenRC and SysV init' };
  const program = { systemd: 'systemctl', openrc: 'rc-service', sysv: 'sh' }[init];
  return programPath(host, program) === undefined ? { reason: `this guest has no ${program}` } : { init };
}
