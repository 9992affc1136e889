import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type CpioEntry, createCpioArchive } from '../../../packages/images/src/cpio-archive.ts';
import { collectModules } from '../../../packages/images/src/kernel-modules.ts';

const run = promisify(execFile);

/** What its init loads; what they depend on comes along. */
const modules = {
  needed: ['virtio_pci', 'virtio_console', 'virtio_blk'],
  useful: ['evdev', 'button'],
};

const repository = join(import.meta.dirname, '../../..');
const cache = join(repository, '.cache/test-guest');

export interface TestGuest {
  readonly kernelPath: string;
  readonly initrdPath: string;
}

/**
 * A kernel of the distribution and an initramfs with busybox, created once and kept in .cache. Rejects with a reason if
 * the distribution's tools are missing.
 */
export async function prepareTestGuest(): Promise<TestGuest> {
  await mkdir(cache, { recursive: true });
  const { kernelPath, modulesPath } = await fetchKernel();
  const initrdPath = join(cache, 'initrd.cpio');
  await writeAtomically(initrdPath, await createInitramfs(modulesPath));
  return { kernelPath, initrdPath };
}

async function fetchKernel(): Promise<{ kernelPath: string; modulesPath: string }> {
  const { stdout } = await run('apt-cache', ['depends', 'linux-image-cloud-amd64']);
  const name = /Depends: (linux-image-\S+)/.exec(stdout)?.[1];
  if (name === undefined) throw new Error('no package linux-image-cloud-amd64 in the package lists (apt-get update)');
  const release = name.replace('linux-image-', '');
  const root = join(cache, name);
  if (!existsSync(root)) {
    const work = await mkdtemp(join(cache, 'download-'));
    await run('apt-get', ['download', name], { cwd: work });
    await run('sh', ['-c', 'dpkg -x ./*.deb root'], { cwd: work });
    // Another test may have been faster; its result is equivalent.
    await rename(join(work, 'root'), root).catch((error) => {
      if (!existsSync(root)) throw error;
    });
    await rm(work, { recursive: true });
  }
  return {
    kernelPath: join(root, 'boot', `vmlinuz-${release}`),
    // Debian 13 has /usr merged.
    modulesPath: join(root, existsSync(join(root, 'usr/lib/modules')) ? 'usr/lib/modules' : 'lib/modules', release),
  };
}

async function createInitramfs(modulesPath: string): Promise<Buffer> {
  const directories = ['bin', 'dev', 'modules'].map((name): CpioEntry => ({ name, mode: 0o040755 }));
  const collected = await collectModules(modulesPath, modules);
  const moduleFiles = collected.map(
    ({ name, content }): CpioEntry => ({ name: `modules/${name}.ko`, mode: 0o100644, content }),
  );
  const order = collected.map(({ name }) => name).join('\n');
  return createCpioArchive([
    ...directories,
    // Linux opens it before it runs init.
    { name: 'dev/console', mode: 0o020600, device: [5, 1] },
    { name: 'bin/busybox', mode: 0o100755, content: await readFile('/bin/busybox') },
    { name: 'init', mode: 0o100755, content: await readFile(join(import.meta.dirname, 'init.sh')) },
    { name: 'modules/order', mode: 0o100644, content: Buffer.from(order) },
    ...moduleFiles,
  ]);
}

async function writeAtomically(path: string, content: Uint8Array): Promise<void> {
  const temporary = `${path}.${process.pid}`;
  await writeFile(temporary, content);
  await rename(temporary, path);
}
