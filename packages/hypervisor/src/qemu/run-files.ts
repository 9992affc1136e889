import { join } from 'node:path';
import { OperationError } from '@innkeeper/contract';
import { agentPorts } from '../driver.ts';

/** sun_path holds 108 bytes with the NUL at the end. */
const longestSocketPathBytes = 107;

/** What lies in a VM's run directory. Console history files lie beside these (console-file.ts). */
export interface RunFiles {
  readonly controlSocket: string;
  readonly consoleSocket: string;
  /** QEMU makes it at start and removes it at an orderly end, so one that is left behind tells of a death. */
  readonly pidFile: string;
  readonly log: string;
  /** Held by a QEMU whose NIC has a network namespace of its own. */
  readonly networkLock: string;
  /** Of what joins that namespace to the host's network. */
  readonly networkPid: string;
  /** What pasta prints. */
  readonly networkLog: string;
  /** Shown to QEMU as /etc/resolv.conf where the host's resolver is on loopback. */
  readonly resolvConf: string;
  portSocket(port: string): string;
}

/** The pid file, which is looked for even where a socket's path would be too long. */
export function pidFileOf(runDirectory: string): string {
  return join(runDirectory, 'qemu.pid');
}

/** Names in a run directory. Throws INVALID_PATH when a socket's path would be too long for the kernel. */
export function runFiles(runDirectory: string): RunFiles {
  const files: RunFiles = {
    controlSocket: join(runDirectory, 'qmp.sock'),
    consoleSocket: join(runDirectory, 'console.sock'),
    pidFile: pidFileOf(runDirectory),
    log: join(runDirectory, 'qemu.log'),
    networkLock: join(runDirectory, 'network.lock'),
    networkPid: join(runDirectory, 'network.pid'),
    networkLog: join(runDirectory, 'network.log'),
    resolvConf: join(runDirectory, 'resolv.conf'),
    portSocket: (port) => join(runDirectory, `${port}.sock`),
  };
  for (const path of [files.controlSocket, files.consoleSocket, ...agentPorts.map(files.portSocket)]) {
    const bytes = Buffer.byteLength(path);
    if (bytes <= longestSocketPathBytes) continue;
    throw new OperationError(
      'INVALID_PATH',
      `The socket path ${path} has ${bytes} bytes; the kernel takes ${longestSocketPathBytes}.`,
      { nextStep: 'Use a data folder with a shorter path (--data).' },
    );
  }
  return files;
}
