import type { Host } from '../host.ts';
import { initSystem } from '../telemetry/init-system.ts';

export type ShutdownMode = 'poweroff' | 'reboot' | 'halt';

export interface ShutdownWay {
  /** For a person: "systemctl poweroff". */
  readonly method: string;
  /** Empty: reboot(2). */
  readonly argv: readonly string[];
}

/** What shutdown(8) of sysvinit takes: -P and -H say what -h does at the end, and mean nothing alone. */
const shutdownFlags: Record<ShutdownMode, readonly string[]> = {
  poweroff: ['-h', '-P'],
  reboot: ['-r'],
  halt: ['-h', '-H'],
};

/** How this guest's init system is asked to go down, so that services end in their order; reboot(2) where none can be. */
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

function isExecutable(host: Host, path: string): boolean {
  try {
    const { type, mode } = host.files.stat(path, true);
    return type === 'regular' && (mode & 0o111) !== 0;
  } catch {
    // ENOENT is the answer.
    return false;
  }
}
