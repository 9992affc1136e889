import type { ImageTree } from './image-tree.ts';

/** What starts services in a guest, and so where the agent is entered. */
export type InitSystem = 'systemd' | 'openrc' | 'sysv' | 'busybox';

/**
 * The init system of an image, by what /sbin/init is and what lies beside it; undefined when none is recognised.
 * Alpine's init is busybox and starts OpenRC; Debian's OpenRC is started by SysV's init.
 */
export async function detectInitSystem(tree: ImageTree): Promise<InitSystem | undefined> {
  const init = (await tree.finalPath('/sbin/init')) ?? (await tree.finalPath('/usr/sbin/init'));
  if (init === undefined) return undefined;
  const program = init.split('/').at(-1);
  if (program === 'systemd') return 'systemd';
  if (program === 'openrc-init') return 'openrc';
  if ((await isFile(tree, '/sbin/openrc')) && (await isDirectory(tree, '/etc/runlevels'))) return 'openrc';
  if (program === 'busybox') return (await isFile(tree, '/etc/inittab')) ? 'busybox' : undefined;
  const hasScripts = (await isDirectory(tree, '/etc/init.d')) && (await isDirectory(tree, '/etc/rc2.d'));
  return hasScripts ? 'sysv' : undefined;
}

async function isFile(tree: ImageTree, path: string): Promise<boolean> {
  return (await tree.target(path))?.type === 'regular';
}

async function isDirectory(tree: ImageTree, path: string): Promise<boolean> {
  return (await tree.target(path))?.type === 'directory';
}
