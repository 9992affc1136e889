import type { ImageTree } from './image-tree.ts';

/** The init system of a guest, which determines how the agent is registered as a service. */
export type InitSystem = 'systemd' | 'openrc' | 'sysv' | 'busybox';

/**
 * Detects the init system of an image from /sbin/init and the files near it; undefined when none is recognised.
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
