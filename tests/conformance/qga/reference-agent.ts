import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { access, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { until } from '@innkeeper/kit/testing';
import { QgaSocket } from './qga-socket.ts';

const program = '/usr/sbin/qemu-ga';

/** Why there is no qemu-ga to compare with; undefined: there is one. */
export async function missingReference(): Promise<string | undefined> {
  try {
    await access(program);
    return undefined;
  } catch {
    return `there is no ${program}: install Debian's package qemu-guest-agent`;
  }
}

/** Debian's qemu-ga as a plain process on a unix socket. It can do no harm but to this machine's clock and accounts. */
export class ReferenceAgent implements AsyncDisposable {
  readonly socket: string;
  readonly #folder: string;
  readonly #child: ChildProcess;

  private constructor(folder: string, child: ChildProcess) {
    this.#folder = folder;
    this.socket = join(folder, 'qga.sock');
    this.#child = child;
  }

  static async start(): Promise<ReferenceAgent> {
    const folder = await mkdtemp(join(tmpdir(), 'qemu-ga-'));
    const words = ['-m', 'unix-listen', '-p', join(folder, 'qga.sock'), '-t', folder];
    const agent = new ReferenceAgent(folder, spawn(program, words, { stdio: 'ignore' }));
    await until(async () => {
      try {
        await using qga = await QgaSocket.open(agent.socket);
        await qga.call('guest-ping');
        return true;
      } catch {
        return false;
      }
    });
    return agent;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill('SIGKILL');
    await once(this.#child, 'exit');
    await rm(this.#folder, { recursive: true });
  }
}
