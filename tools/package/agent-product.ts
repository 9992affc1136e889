import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { agentPath } from '../../packages/images/src/install-plan.ts';
import type { Target } from '../build-agent/targets.ts';
import { agentLicences } from './licences.ts';
import type { PackageKind, Product } from './product.ts';

/** Where packages install the agent; images and install-agent.sh have it where no package manager looks. */
const packagedPath = '/usr/bin/innkeeper-agent';
/** Keys for updates, which the scripts of packages add to those that the guest trusts. */
const packagedKeysFolder = 'usr/share/innkeeper-agent';
const licencePath = 'usr/share/licenses/innkeeper-agent/LICENSE';

/** Where the build writes the agent. `root` is the checkout. */
export function agentBinaryPath(root: string, target: Target): string {
  return join(root, 'dist/agent', `innkeeper-agent-linux-${target}`);
}

/**
 * Everything that all kinds of packages of the agent install.
 * @param root the checkout, in which the agent was built
 * @param updateKeys the keys that guests trust for updates by the host; empty: none
 */
export function stageAgent(root: string, tree: string, target: Target, updateKeys = ''): void {
  const put = (path: string, content: Buffer | string): void => {
    mkdirSync(dirname(join(tree, path)), { recursive: true });
    writeFileSync(join(tree, path), content);
  };
  for (const folder of ['pre-freeze.d', 'post-thaw.d'])
    mkdirSync(join(tree, 'etc/innkeeper', folder), { recursive: true });
  put('etc/innkeeper/agent.toml', readFileSync(join(root, 'packaging/agent/agent.toml')));
  mkdirSync(join(tree, packagedKeysFolder), { recursive: true });
  if (updateKeys !== '') put(join(packagedKeysFolder, 'update-keys'), updateKeys);
  put(packagedPath, readFileSync(agentBinaryPath(root, target)));
  put(licencePath, agentLicences(root));
}

/** The guest agent. */
export const agentProduct: Product = {
  name: 'innkeeper-agent',
  debFolder: 'agent/deb',
  debScripts: ['preinst', 'postinst', 'prerm', 'postrm'],
  rpmSpec: 'agent/rpm/innkeeper-agent.spec',
  values: (root) => {
    const read = (name: string): string => readFileSync(join(root, 'packaging/agent', name), 'utf8').trimEnd();
    return {
      IN_AGENT: read('in-agent.sh'),
      TAKE_OVER: read('take-over.sh'),
      ADD_UPDATE_KEYS: read('add-update-keys.sh'),
    };
  },
  complete: (tree, kind, root) => {
    const copyright = join(tree, 'usr/share/doc/innkeeper-agent/copyright');
    if (kind === 'deb') {
      mkdirSync(dirname(copyright), { recursive: true });
      renameSync(join(tree, licencePath), copyright);
      rmSync(join(tree, 'usr/share/licenses'), { recursive: true });
    }
    for (const [path, source] of Object.entries(filesOf[kind])) {
      const text = readFileSync(join(root, source), 'utf8');
      mkdirSync(dirname(join(tree, path)), { recursive: true });
      writeFileSync(join(tree, path), text.replaceAll(dirname(agentPath), dirname(packagedPath)));
    }
  },
};

const systemd = { 'usr/lib/systemd/system/innkeeper-agent.service': 'packaging/systemd/innkeeper-agent.service' };

/** Files of one kind of package, and their sources. Debian's OpenRC and SysV init start the same script. */
const filesOf: Readonly<Record<PackageKind, Readonly<Record<string, string>>>> = {
  deb: { ...systemd, 'etc/init.d/innkeeper-agent': 'packaging/sysv/innkeeper-agent' },
  rpm: {
    ...systemd,
    'usr/lib/systemd/system-preset/80-innkeeper-agent.preset': 'packaging/agent/rpm/80-innkeeper-agent.preset',
  },
  apk: { 'etc/init.d/innkeeper-agent': 'packaging/openrc/innkeeper-agent' },
};
