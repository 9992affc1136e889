import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Target } from '../build-agent/targets.ts';
import type { PackageKind, Product } from './product.ts';
import { addZsh } from './stage.ts';

/** The daemon and the command line. */
export const daemonProduct: Product = {
  name: 'innkeeper',
  debFolder: 'deb',
  debScripts: ['postinst', 'prerm', 'postrm'],
  rpmSpec: 'rpm/innkeeper.spec',
  values: (root, kind, target) => ({
    QEMU: qemuOf(kind, target),
    MAKE_USER: readFileSync(join(root, 'packaging/daemon/make-user.sh'), 'utf8').trimEnd(),
  }),
  complete: (tree, kind) =>
    addZsh(tree, kind === 'deb' ? 'usr/share/zsh/vendor-completions' : 'usr/share/zsh/site-functions'),
};

/** The package with QEMU for an architecture's VMs. */
function qemuOf(kind: PackageKind, target: Target): string {
  if (target === 'x64') return 'qemu-system-x86';
  return kind === 'deb' ? 'qemu-system-arm' : 'qemu-system-aarch64';
}
