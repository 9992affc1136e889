import type { Host } from '../host.ts';
import { isExecutable } from '../program-path.ts';
import { initSystem } from '../telemetry/init-system.ts';

export type ShutdownMode = 'poweroff' | 'reboot' | 'halt';

export interface ShutdownWay {
  /** For display: "systemctl poweroff". */
  readonly method: string;
  /** Empty: reboot(2). */
  readonly argv: readonly string[];
}

/** Arguments of sysvinit's shutdown(8): -P and -H only modify -h. */
const shutdownFlags: Record<ShutdownMode, readonly string[]> = {
  poweroff: ['-h', '-P'],
  reboot: ['-r'],
  halt: ['-h', '-H'],
};

/**
 * The command that shuts down this guest through its init system, so that services stop in order; reboot(2) without
 * one.
 */
export function chooseShutdown(host: Host, mode: ShutdownMode): ShutdownWay {
  const init = initSystem(host);
  const candidates: (readonly string[])[] =
    init === 'systemd'
      ? [
          ['/usr/bin/systemctl', mode],
          ['/bin/systemctl', mode],
        ]
      : init === 'busybox'
        ? [[`/sbin/${mode}`], [`/bin/${mode}`], ['/bin/busybox', mode]]
        : [
            ['/sbin/shutdown', ...shutdownFlags[mode], 'now'],
            [`/sbin/${mode}`],
            ['/sbin/openrc-shutdown', `--${mode}`, 'now'],
          ];
  const argv = candidates.find(([program = '']) => isExecutable(host, program));
  return argv === undefined ? { method: 'reboot(2)', argv: [] } : { method: argv.join(' '), argv };
}
