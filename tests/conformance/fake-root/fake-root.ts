import { spawnSync } from 'node:child_process';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { AgentLink } from '@innkeeper/agent-client';
import { RunningAgent } from '../../../apps/agent/testing/running-agent.ts';

const unshare = ['unshare', ...(process.getuid?.() === 0 ? [] : ['--map-root-user']), '--mount'];
/** With a user namespace also for root: what is in it can set neither this machine's clock nor its name. */
const unshareMore = ['unshare', '--map-root-user', '--mount', '--uts'];

/** Why a fake root cannot be created here; undefined if it can. */
export const whyNoFakeRoot =
  spawnSync(unshare[0] ?? '', [...unshare.slice(1), 'true']).status === 0
    ? undefined
    : 'mount namespaces cannot be created';

/** Why an agent cannot be kept from this machine's clock and name here; undefined if it can. */
export const whyNotHarmless =
  spawnSync(unshareMore[0] ?? '', [...unshareMore.slice(1), 'true']).status === 0
    ? undefined
    : 'user namespaces cannot be created';

/**
 * A guest made of files: the agent runs in a root folder that has this machine's /usr, /proc and /tmp, and nothing else
 * of it. Programs in its /bin come before those in /usr.
 */
export class FakeRoot implements AsyncDisposable {
  readonly folder: string;
  #agent: RunningAgent | undefined;

  private constructor(folder: string) {
    this.folder = folder;
    for (const name of ['bin', 'sbin', 'etc', 'run', 'var', 'usr', 'proc', 'dev', 'tmp', 'root'])
      mkdirSync(join(folder, name));
    for (const name of ['lib', 'lib64']) symlinkSync(`usr/${name}`, join(folder, name));
    symlinkSync('/usr/bin/sh', join(folder, 'bin/sh'));
  }

  static async create(): Promise<FakeRoot> {
    return new FakeRoot(await mkdtemp(join(tmpdir(), 'root-')));
  }

  /** Creates a file with its folders. */
  put(path: string, content: string | Uint8Array, mode = 0o644): void {
    const whole = join(this.folder, path);
    mkdirSync(dirname(whole), { recursive: true });
    writeFileSync(whole, content, { mode });
  }

  /** A shell script that the agent finds as a program. */
  putProgram(path: string, script: string): void {
    this.put(path, `#!/bin/sh\n${script}\n`, 0o755);
  }

  /** Starts the agent in it, and returns a link to it. `harmless`: also as root it changes nothing of this machine. */
  async start({ harmless = false } = {}): Promise<AgentLink> {
    const root = this.folder;
    const mounts = ['/usr', '/proc', '/dev'].map((path) => `mount --rbind ${path} ${root}${path}`);
    const setUp = [...mounts, `mount --bind /tmp ${root}/tmp`, `cp "$1" ${root}/agent`, 'shift'].join('; ');
    const wrapper = `exec ${(harmless ? unshareMore : unshare).join(' ')} sh -ec '${setUp}; exec chroot ${root} /agent "$@"' sh "$@"`;
    this.#agent = await RunningAgent.start({ wrapper });
    return this.#agent.connect();
  }

  get agent(): RunningAgent {
    if (this.#agent === undefined) throw new Error('The agent was not started.');
    return this.#agent;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#agent?.[Symbol.asyncDispose]();
    await rm(this.folder, { recursive: true, force: true });
  }
}
