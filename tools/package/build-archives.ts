import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { offlineInstallScript } from '../../packages/images/src/install-script.ts';
import type { Target } from '../build-agent/targets.ts';
import { agentBinaryPath } from './agent-product.ts';
import { agentLicences } from './licences.ts';
import { normalize } from './normalize.ts';
import { architectureOf, fill } from './product.ts';
import { archiveOf, entriesOf } from './tar-tree.ts';

/** The label of the disc. Not CIDATA: cloud-init would take the disc for the seed of a new machine. */
export const discLabel = 'INNKEEPER';

export interface ArchiveSpec {
  /** The checkout, in which the agents were built. */
  readonly root: string;
  /** Output folder. */
  readonly output: string;
  /** The architectures of the agents in it. */
  readonly targets: readonly Target[];
  readonly version: string;
  /** The keys that guests trust for updates by the host. Default: none. */
  readonly updateKeys?: string | undefined;
  /** The timestamp of everything in it, in seconds since the epoch. */
  readonly timeSeconds: number;
}

/** Builds a tar ball with the agent of one architecture and install-agent.sh, and returns its path. */
export async function buildTarball(spec: ArchiveSpec & { readonly targets: readonly [Target] }): Promise<string> {
  const { output, targets, version, timeSeconds } = spec;
  const name = `innkeeper-agent-${version}-linux-${architectureOf('deb', targets[0])}`;
  const folder = join(output, '.tarball');
  await stageInstaller(spec, join(folder, name));
  normalize(folder, timeSeconds);
  const path = join(output, `${name}.tar.gz`);
  writeFileSync(`${path}.new`, gzipSync(archiveOf(entriesOf(folder), { timeSeconds }), { level: 9 }));
  renameSync(`${path}.new`, path);
  rmSync(folder, { recursive: true });
  return path;
}

/**
 * Builds a disc (ISO 9660 with Rock Ridge and Joliet) with the agents, install-agent.sh, a cloud-init snippet and these
 * packages, and returns its path. Needs xorriso.
 */
export async function buildDisc(spec: ArchiveSpec, packages: readonly string[]): Promise<string> {
  const { root, output, version, timeSeconds } = spec;
  const folder = join(output, '.disc');
  await stageInstaller(spec, folder);
  writeFileSync(join(folder, 'README.txt'), fill(root, 'agent/disc/README.txt', { VERSION: version }));
  cpSync(join(root, 'packaging/agent/cloud-init'), join(folder, 'cloud-init'), { recursive: true });
  for (const path of packages) cpSync(path, join(folder, 'packages', basename(path)));
  normalize(folder, timeSeconds);
  const path = join(output, `innkeeper-agent-${version}.iso`);
  rmSync(`${path}.new`, { force: true });
  const options = ['-quiet', '-rational-rock', '-joliet', '-joliet-long', '-volid', discLabel];
  // Its errors are in what execFileSync throws; otherwise stderr has only its version and notes.
  execFileSync('xorriso', ['-as', 'mkisofs', ...options, '-output', `${path}.new`, folder], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, SOURCE_DATE_EPOCH: `${timeSeconds}`, TZ: 'UTC' },
  });
  renameSync(`${path}.new`, path);
  rmSync(folder, { recursive: true });
  return path;
}

/** install-agent.sh with the agents, as it looks for them, the units for an installation by hand, and the licences. */
async function stageInstaller({ root, targets, updateKeys }: ArchiveSpec, folder: string): Promise<void> {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(join(folder, 'agent'), { recursive: true });
  for (const unit of ['systemd/innkeeper-agent.service', 'openrc', 'sysv', 'busybox'])
    cpSync(join(root, 'packaging', unit), join(folder, 'units', unit), { recursive: true });
  writeFileSync(join(folder, 'install-agent.sh'), await offlineInstallScript(updateKeys));
  writeFileSync(join(folder, 'LICENSE.txt'), agentLicences(root));
  for (const target of targets) {
    const content = readFileSync(agentBinaryPath(root, target));
    const name = `linux-${architectureOf('deb', target)}`;
    writeFileSync(join(folder, 'agent', name), content);
    const sum = createHash('sha256').update(content).digest('hex');
    writeFileSync(join(folder, 'agent', `${name}.sha256`), `${sum}  ${name}\n`);
  }
}
