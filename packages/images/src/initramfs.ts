import { createHash } from 'node:crypto';
import { createCpioArchive } from './cpio-archive.ts';
import { readHostBusybox } from './host-busybox.ts';
import type { KernelModule, WantedModules } from './kernel-modules.ts';

/**
 * The init of the initramfs: loads the modules, waits for the disk, mounts it and starts the disk's init. On failure, it
 * prints the reason to the console and powers off.
 */
const init = `#!/bin/busybox sh
export PATH=/bin
fail() { echo "innkeeper: $*" >/dev/console; busybox sleep 1; busybox poweroff -f; }

busybox mount -t devtmpfs dev /dev
busybox mount -t proc proc /proc
busybox mount -t sysfs sys /sys
for module in $(busybox cat /modules/order); do
	busybox insmod "/modules/$module.ko" || echo "innkeeper: the module $module was not loaded" >/dev/console
done

root=/dev/vda
mode=ro
init=/sbin/init
for word in $(busybox cat /proc/cmdline); do
	case "$word" in
	root=*) root="\${word#root=}" ;;
	init=*) init="\${word#init=}" ;;
	rw) mode=rw ;;
	ro) mode=ro ;;
	esac
done
tries=0
while [ ! -b "$root" ]; do
	tries=$((tries + 1))
	[ "$tries" -gt 100 ] && fail "the disk $root did not appear"
	busybox usleep 50000
done
busybox mount -t ext4 -o "$mode" "$root" /root || fail "the disk $root could not be mounted"
[ -e "/root$init" ] || [ -L "/root$init" ] || fail "the disk has no $init"
for folder in dev proc sys; do
	busybox mount -o move "/$folder" "/root/$folder" || fail "the disk has no folder /$folder"
done
exec busybox switch_root /root "$init"
`;

/** Hash of an initramfs' inputs except for the kernel. */
export async function hashInitramfs(modules: WantedModules): Promise<string> {
  return createHash('sha256')
    .update(JSON.stringify([init, modules]))
    .update(await readHostBusybox())
    .digest('hex');
}

/** The initramfs as a cpio archive; uncompressed, since decompressing takes longer than reading. */
export async function createInitramfs(modules: readonly KernelModule[]): Promise<Buffer> {
  const folders = ['bin', 'dev', 'modules', 'proc', 'root', 'sys'].map((name) => ({ name, mode: 0o40755 }));
  return createCpioArchive([
    ...folders,
    { name: 'dev/console', mode: 0o20600, device: [5, 1] },
    { name: 'bin/busybox', mode: 0o100755, content: await readHostBusybox() },
    { name: 'init', mode: 0o100755, content: Buffer.from(init) },
    { name: 'modules/order', mode: 0o100644, content: Buffer.from(modules.map(({ name }) => `${name}\n`).join('')) },
    ...modules.map(({ name, content }) => ({ name: `modules/${name}.ko`, mode: 0o100644, content })),
  ]);
}
