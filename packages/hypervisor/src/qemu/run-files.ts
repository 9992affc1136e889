import { join } from 'node:path';
import { OperationError } from '@innkeeper/contract';
import { agentPorts } from '../driver.ts';

/** sun_path holds 108 bytes including the terminating NUL. */
const longestSocketPathBytes = 107;

/** Files in a VM's run directory. Console history files are next to these (console-file.ts). */
export interface RunFiles {
  readonly controlSocket: string;
  readonly consoleSocket: string;
  /** QEMU creates it at start and removes it at an orderly exit, so a remaining file means that QEMU died. */
  readonly pidFile: string;
  readonly log: string;
  /** Locked by a QEMU whose NIC has its own network namespace. */
  readonly networkLock: string;
  /** Pid file of the process that connects that namespace to the host's network. */
  readonly networkPid: string;
  /** pasta's output. */
  readonly networkLog: string;
  /** Where a guest on QEMU's restricted user network comes out; see `GuestPortRelay`. */
  readonly guestPortSocket: string;
  /** Shown to QEMU as /etc/resolv.conf if the host's resolver is on loopback. */
  readonly resolvConf: string;
  portSocket(port: string): string;
}

/** The pid file, which is also looked for where a socket's path would be too long. */
export function pidFileOf(runDirectory: string): string {
  return join(runDirectory, 'qemu.pid');
}

/** QEMU's log, which also identifies its process if the directory was moved. */
export function logFileOf(runDirectory: string): string {
  return join(runDirectory, 'qemu.log');
}

/** Paths in a run directory. Throws INVALID_PATH if a socket's path would be too long for the kernel. */
export function runFiles(runDirectory: string): RunFiles {
  const files: RunFiles = {
    controlSocket: join(runDirectory, 'qmp.sock'),
    consoleSocket: join(runDirectory, 'console.sock'),
    pidFile: pidFileOf(runDirectory),
    log: logFileOf(runDirectory),
    networkLock: join(runDirectory, 'network.lock'),
    networkPid: join(runDirectory, 'network.pid'),
    networkLog: join(runDirectory, 'network.log'),
    guestPortSocket: join(runDirectory, 'guest-port.sock'),
    resolvConf: join(runDirectory, 'resolv.conf'),
    portSocket: (port) => join(runDirectory, `${port}.sock`),
  };
  for (const path of [files.controlSocket, files.consoleSocket, ...agentPorts.map(files.portSocket)]) {
    const bytes = Buffer.byteLength(path);
    if (bytes <= longestSocketPathBytes) continue;
    throw new OperationError(
      'INVALID_PATH',
      `The socket path ${path} has ${bytes} bytes; the kernel's maximum is ${longestSocketPathBytes}.`,
      { nextStep: 'Use a data folder with a shorter path (--data).' },
    );
  }
  return files;
}
