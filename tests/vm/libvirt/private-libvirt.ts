import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { chmod, chown, mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { until } from '@innkeeper/kit/testing';
import { whyNoFreshDebian } from '../../../tools/fresh-debian/fresh-debian.ts';
import { killOnAbort } from '../abort.ts';
import { downloadPackages, unpackPackages } from '../debian-packages.ts';
import { keptFolder } from '../kept-folder.ts';

const run = promisify(execFile);
const packages = ['libvirt-daemon', 'libvirt-daemon-driver-qemu', 'libvirt-clients'];
/** The user of Debian that owns nothing; libvirtd of root would be the machine's. */
const nobody = 65_534;
const multiarch = process.arch === 'arm64' ? 'aarch64-linux-gnu' : 'x86_64-linux-gnu';

/** Debian's packages of libvirt, unpacked once and kept. Rejects with what apt says. */
async function unpackedLibvirt(): Promise<string> {
  const folder = join(keptFolder, 'libvirt');
  const root = join(folder, 'root');
  if (existsSync(root)) return root;
  await mkdir(folder, { recursive: true });
  const work = await mkdtemp(join(folder, 'work-'));
  try {
    const files = await downloadPackages(join(work, 'debs'), '/var/lib/dpkg/status', packages);
    await unpackPackages(files, join(work, 'root'));
    await rename(join(work, 'root'), root);
  } finally {
    await rm(work, { recursive: true });
  }
  return root;
}

/** The programs of libvirt; undefined with the reason where they cannot be had or run. */
export async function findLibvirt(): Promise<{ readonly root: string } | { readonly why: string }> {
  const why = whyNoFreshDebian();
  if (why !== undefined) return { why };
  try {
    const root = existsSync('/usr/sbin/libvirtd') ? '' : await unpackedLibvirt();
    if (!existsSync(`${root}/usr/sbin/libvirtd`)) return { why: `Debian’s ${packages[0]} has no libvirtd` };
    return { root };
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    return { why: `apt cannot download libvirt: ${text.trim().split('\n').at(-1)}` };
  }
}

/**
 * A libvirtd of its own for a test: an ordinary user's (qemu:///session), in a mount namespace where its data files are,
 * with its folders below one that is removed. The machine's libvirt is not touched.
 */
export class PrivateLibvirt implements AsyncDisposable {
  readonly folder: string;
  /** A folder with a `virsh` for the PATH that asks this libvirtd. */
  readonly programs: string;
  readonly #daemon: ChildProcess;
  readonly #forget: () => void;
  #log = '';

  private constructor(folder: string, daemon: ChildProcess) {
    this.folder = folder;
    this.programs = join(folder, 'bin');
    this.#daemon = daemon;
    this.#forget = killOnAbort(daemon.pid ?? 0);
    for (const stream of [daemon.stdout, daemon.stderr])
      stream?.on('data', (bytes: Buffer) => {
        this.#log = (this.#log + bytes.toString()).slice(-4000);
      });
  }

  /** @param root of unpacked packages; empty: libvirt is installed */
  static async start(root: string): Promise<PrivateLibvirt> {
    const folder = await mkdtemp(join(tmpdir(), 'libvirt-'));
    for (const name of ['home', 'run', 'config', 'config/libvirt', 'cache', 'bin']) await mkdir(join(folder, name));
    // Without virtlogd, which is another daemon.
    await writeFile(join(folder, 'config/libvirt/qemu.conf'), 'stdio_handler = "file"\n');
    const libraries = `${root}/usr/lib/${multiarch}`;
    const environment = [
      ...['HOME=home', 'XDG_RUNTIME_DIR=run', 'XDG_CONFIG_HOME=config', 'XDG_CACHE_HOME=cache'].map((each) =>
        each.replace('=', `=${folder}/`),
      ),
      ...(root === ''
        ? []
        : [`LD_LIBRARY_PATH=${libraries}`, `LIBVIRT_DRIVER_DIR=${libraries}/libvirt/connection-driver`]),
    ];
    const asNobody = `exec env ${environment.join(' ')} setpriv --reuid=${nobody} --regid=${nobody} --clear-groups`;
    const share = root === '' ? '' : `mount -t overlay overlay -o lowerdir=${root}/usr/share:/usr/share /usr/share; `;
    const virsh = join(folder, 'bin', 'virsh');
    await writeFile(virsh, `#!/bin/sh\ncd /; ${asNobody} ${root}/usr/bin/virsh "$@"\n`);
    await chmod(virsh, 0o755);
    await chmod(folder, 0o755);
    await run('chown', ['-R', `${nobody}:${nobody}`, folder]);
    const words = ['-m', 'sh', '-ec', `${share}cd /; ${asNobody} ${root}/usr/sbin/libvirtd`];
    const libvirt = new PrivateLibvirt(folder, spawn('unshare', words, { stdio: ['ignore', 'pipe', 'pipe'] }));
    try {
      await until(() => libvirt.#answers(), { withinMs: 120_000, everyMs: 500, what: 'libvirtd to answer' });
    } catch (error) {
      await libvirt[Symbol.asyncDispose]();
      throw new Error(`libvirtd does not answer: ${libvirt.#log}`, { cause: error });
    }
    return libvirt;
  }

  /** Runs a command of virsh; rejects with its standard error unless it succeeds. */
  async virsh(...words: readonly string[]): Promise<string> {
    const program = join(this.programs, 'virsh');
    const { stdout } = await run(program, ['-c', 'qemu:///session', ...words], { timeout: 300_000 });
    return stdout.trim();
  }

  /** Makes the user who runs the VMs the owner of a file of the test. */
  async give(path: string): Promise<void> {
    await chown(path, nobody, nobody);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#daemon.kill('SIGTERM');
    if (this.#daemon.exitCode === null && this.#daemon.signalCode === null) await once(this.#daemon, 'exit');
    this.#forget();
    await rm(this.folder, { recursive: true, force: true });
  }

  async #answers(): Promise<boolean> {
    if (this.#daemon.exitCode !== null) throw new Error(`libvirtd ended: ${this.#log}`);
    return await this.virsh('list').then(
      () => true,
      () => false,
    );
  }
}
