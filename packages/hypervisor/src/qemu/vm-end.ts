import type { VmEnd } from '../driver.ts';

/** Everything known about how a QEMU process ended. */
export interface EndSigns {
  /** QEMU's SHUTDOWN event, if it was received. */
  readonly shutdown: { readonly guest: boolean; readonly reason: string } | undefined;
  /** Only known for a child of this daemon. */
  readonly exitCode: number | undefined;
  readonly signal: string | undefined;
  readonly killedByUs: boolean;
  /** QEMU removes its pid file at an orderly exit. */
  readonly pidFileLeft: boolean;
}

/** Determines how a VM ended. Without any other sign, a process that left its pid file has died. */
export function judgeEnd(signs: EndSigns): VmEnd['kind'] {
  if (signs.killedByUs && signs.shutdown === undefined) return 'killed';
  if (signs.shutdown !== undefined) return judgeShutdown(signs.shutdown);
  if (signs.signal !== undefined) return terminations.has(signs.signal) ? 'killed' : 'crashed';
  if (signs.exitCode !== undefined) return signs.exitCode === 0 ? 'shutdown' : 'crashed';
  return signs.pidFileLeft ? 'crashed' : 'shutdown';
}

const terminations: ReadonlySet<string> = new Set(['SIGKILL', 'SIGTERM', 'SIGINT', 'SIGHUP']);

function judgeShutdown(shutdown: { readonly guest: boolean; readonly reason: string }): VmEnd['kind'] {
  if (shutdown.reason === 'guest-panic' || shutdown.reason === 'host-error') return 'crashed';
  return shutdown.guest ? 'shutdown' : 'killed';
}
