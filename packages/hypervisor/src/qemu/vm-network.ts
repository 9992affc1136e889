import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { readFile, rm } from 'node:fs/promises';
import { basename } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { errorMessage, type Log } from '@innkeeper/kit';
import type { NetworkState } from '../driver.ts';
import { LogFile } from '../process/log-file.ts';
import { findStartTicks, isAlive, readArguments } from '../process/process-identity.ts';
import { GuestPortRelay } from './guest-port-relay.ts';
import { childEnvironment } from './probe.ts';
import type { RunFiles } from './run-files.ts';
import { joinNamespace, networkKindOf } from './user-network.ts';

const endTimeoutMs = 5_000;
const pollMs = 20;

export interface VmNetworkOptions {
  /** QEMU's process. */
  readonly pid: number;
  readonly files: RunFiles;
  readonly guestPort: number | undefined;
  /** Why a NIC cannot be isolated on this host; empty if it can. */
  readonly whyNotIsolated: () => Promise<string>;
  readonly log: Log;
}

/** The NIC of a running QEMU, and the process that connects it to the host's network. */
export class VmNetwork implements Disposable {
  readonly #options: VmNetworkOptions;
  #relay: GuestPortRelay | undefined;

  constructor(options: VmNetworkOptions) {
    this.#options = options;
  }

  /**
   * Connects an isolated NIC to the host's network, unless an earlier daemon's process already does so with the same
   * guest port. That process ends with QEMU, whether a daemon is running or not.
   */
  async join(): Promise<void> {
    const { pid, files, guestPort, log } = this.#options;
    const kind = await this.#kind();
    if (kind === 'restricted') await this.#relayGuestPort();
    if (kind !== 'isolated') return;
    const { program, args } = joinNamespace({ pid, files, guestPort, isRoot: process.getuid?.() === 0 });
    const earlier = await this.#findJoiner();
    if (earlier !== undefined) {
      const argv = (await readArguments(earlier)).slice(1, -1);
      if (argv.length === args.length && argv.every((word, index) => word === args[index])) return;
      await endProcess(earlier);
    }
    // The shell's messages; pasta's go to its own log file.
    const descriptor = openSync(files.networkLog, 'a', 0o600);
    try {
      const child = spawn(program, args, {
        detached: true,
        stdio: ['ignore', descriptor, descriptor],
        env: childEnvironment,
        cwd: '/',
      });
      child.once('error', (error) => log.error('qemu.network-not-joined', { message: error.message }));
      child.unref();
    } finally {
      closeSync(descriptor);
    }
  }

  /** Releases the VM. What connects an isolated NIC stays. */
  [Symbol.dispose](): void {
    this.#relay?.[Symbol.dispose]();
  }

  async #relayGuestPort(): Promise<void> {
    const { files, guestPort: port, log } = this.#options;
    if (port === undefined) return;
    try {
      this.#relay = await GuestPortRelay.open({ socketPath: files.guestPortSocket, port });
    } catch (error) {
      // A QEMU of an older daemon has no such socket.
      log.warn('qemu.guest-port-not-relayed', { message: errorMessage(error) });
    }
  }

  /** How the NIC is connected now. */
  async state(): Promise<NetworkState | undefined> {
    const kind = await this.#kind();
    if (kind === undefined) return undefined;
    if (kind === 'isolated') return { kind, problem: await this.#outsideProblem() };
    if (kind === 'open') return { kind, problem: 'The VM was started by an older daemon.' };
    const why = await this.#options.whyNotIsolated();
    return {
      kind,
      problem:
        why === '' ? 'When the VM was started, this host could not isolate it; now it can. Restart the VM.' : why,
    };
  }

  async #kind(): Promise<NetworkState['kind'] | undefined> {
    const { pid } = this.#options;
    return await networkKindOf(pid, await readArguments(pid));
  }

  /** Why the outside cannot be reached; empty if pasta is running. */
  async #outsideProblem(): Promise<string> {
    const joiner = await this.#findJoiner();
    if (joiner !== undefined) {
      const children = await readFile(`/proc/${joiner}/task/${joiner}/children`, 'latin1').catch(() => '');
      for (const child of children.split(' ').filter((text) => text !== '')) {
        const [program = ''] = await readArguments(Number(child));
        if (/(^|\/)pasta(\.avx2)?$/.test(program)) return '';
      }
    }
    const words = (await new LogFile(this.#options.files.networkLog).lastLines().catch(() => '')).split('\n').at(-1);
    return `pasta is not running${words ? `: ${words}` : ''}. It will be restarted within a minute.`;
  }

  /** The pid of the process that keeps pasta running for this QEMU, if it is alive, even if the run directory was moved. */
  async #findJoiner(): Promise<number | undefined> {
    const { files, pid: qemu } = this.#options;
    const pid = Number.parseInt(await readFile(files.networkPid, 'latin1').catch(() => ''), 10);
    if (!Number.isSafeInteger(pid)) return undefined;
    const argv = (await readArguments(pid)).slice(0, -1);
    const hasLock = argv.some((word) => basename(word) === basename(files.networkLock));
    return hasLock && argv.at(-1) === `${qemu}` ? pid : undefined;
  }
}

/** Removes what an earlier QEMU left in this run directory, before a start. */
export async function removeNetworkFiles({ networkLock, networkPid, networkLog, resolvConf }: RunFiles): Promise<void> {
  for (const path of [networkLock, networkPid, networkLog, resolvConf]) await rm(path, { force: true });
}

/** SIGTERM, then SIGKILL if the process ignores it. */
async function endProcess(pid: number): Promise<void> {
  const startTicks = findStartTicks(pid);
  if (startTicks === undefined) return;
  const deadline = performance.now() + endTimeoutMs;
  process.kill(pid, 'SIGTERM');
  while (isAlive({ pid, startTicks })) {
    if (performance.now() > deadline) process.kill(pid, 'SIGKILL');
    await delay(pollMs);
  }
}
