/** Content of a Debian guest in addition to the packages of every Debian. */
export interface DebianRecipe {
  readonly packages: readonly string[];
  /** A shell script that runs on the host with the new root in $1, where chroot works. */
  readonly customize: string;
}

/** For both kinds: accounts, names, and removal of everything that must be unique to a VM. */
const common = `set -eu
chroot "$1" useradd --create-home --uid 1000 --shell /bin/bash --groups staff,audio guest
echo debian >"$1/etc/hostname"
printf '127.0.0.1 localhost debian\\n::1 localhost\\n' >"$1/etc/hosts"
rm -f "$1/etc/resolv.conf" "$1/etc/apt/apt.conf.d/99mmdebstrap"
sed -i '/^force-unsafe-io$/d' "$1/etc/dpkg/dpkg.cfg.d/99mmdebstrap"
echo 'nameserver 10.0.2.3' >"$1/etc/resolv.conf"
# Empty: each VM makes its own at boot.
: >"$1/etc/machine-id"
rm -f "$1/var/lib/dbus/machine-id" "$1/var/lib/systemd/random-seed"
ln -sf ../proc/self/mounts "$1/etc/mtab"
mkdir -p "$1/usr/local/sbin"
cat >"$1/usr/local/sbin/innkeeper-power-button" <<'SCRIPT'
#!/bin/sh
# Turns the guest off when its power button is pressed. An event is 24 bytes: time, then type 1 (key), code 116 (power),
# value 1 (down).
for device in /sys/class/input/event*; do
	[ "$(cat "$device/device/name" 2>/dev/null)" = "Power Button" ] || continue
	while :; do
		event=$(dd "if=/dev/input/\${device##*/}" bs=24 count=1 2>/dev/null | od -An -v -tu2 -j16)
		[ -n "$event" ] || break
		set -- $event
		[ "\${1:-}:\${2:-}:\${3:-}" = 1:116:1 ] && exec /sbin/shutdown -h -P now
	done
done
sleep 60
SCRIPT
chmod 755 "$1/usr/local/sbin/innkeeper-power-button"
`;

/**
 * Disables timers that are useless here, units for hardware that no VM has, and those that load kernel modules, of which
 * the image has none.
 */
const systemd = `${common}
ln -sf /lib/systemd/system/multi-user.target "$1/etc/systemd/system/default.target"
for unit in apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer e2scrub_reap.service \\
	fstrim.timer getty@tty1.service getty-static.service modprobe@.service; do
	ln -sf /dev/null "$1/etc/systemd/system/$unit"
done
# The root grows with its disk.
echo '/dev/vda / ext4 rw,x-systemd.growfs 0 0' >"$1/etc/fstab"
mkdir -p "$1/etc/systemd/network" "$1/etc/systemd/system/multi-user.target.wants"
printf '[Match]\\nName=en* eth*\\n\\n[Network]\\nDHCP=yes\\n' >"$1/etc/systemd/network/80-dhcp.network"
ln -sf /lib/systemd/system/systemd-networkd.service \\
	"$1/etc/systemd/system/multi-user.target.wants/systemd-networkd.service"
cat >"$1/etc/systemd/system/innkeeper-power-button.service" <<'UNIT'
[Unit]
Description=Turn off by the power button, without logind and its bus
# Early, so that no press is lost.
DefaultDependencies=no
Conflicts=shutdown.target
Before=shutdown.target

[Service]
ExecStart=/usr/local/sbin/innkeeper-power-button
Restart=always
UNIT
ln -sf /etc/systemd/system/innkeeper-power-button.service "$1/etc/systemd/system/multi-user.target.wants/"
`;

/**
 * Debian's SysV scripts, run one after another, take a minute in an emulated VM. Only what a VM needs of them is kept:
 * kernel file systems, devices, the host name. Services do not depend on "localmount", which Debian does not have.
 */
const openrc = `${common}
echo '/dev/vda / ext4 rw 0 0' >"$1/etc/fstab"
for level in boot default recovery sysinit; do
	rm -f "$1/etc/runlevels/$level"/*
done
for service in mountkernfs.sh udev hostname.sh; do
	ln -sf "/etc/init.d/$service" "$1/etc/runlevels/sysinit/$service"
done
cat >"$1/etc/init.d/innkeeper-network" <<'SCRIPT'
#!/sbin/openrc-run
description="The loopback and the first network card, configured for QEMU's user network"
depend() {
	keyword -timeout
}
start() {
	ip link set lo up
	for card in /sys/class/net/e*; do
		[ -e "$card" ] || continue
		ip link set "\${card##*/}" up
		ip addr replace 10.0.2.15/24 dev "\${card##*/}"
		ip route replace default via 10.0.2.2
		break
	done
	return 0
}
SCRIPT
cat >"$1/etc/init.d/innkeeper-mounts" <<'SCRIPT'
#!/sbin/openrc-run
description="Terminals and shared memory"
depend() {
	after udev
	keyword -timeout
}
start() {
	mkdir -p /dev/pts /dev/shm
	mountpoint -q /dev/pts || mount -t devpts -o gid=5,mode=620,ptmxmode=666 devpts /dev/pts
	mountpoint -q /dev/shm || mount -t tmpfs -o mode=1777,nosuid,nodev shm /dev/shm
}
SCRIPT
chmod 755 "$1/etc/init.d/innkeeper-network" "$1/etc/init.d/innkeeper-mounts"
ln -sf /etc/init.d/innkeeper-network "$1/etc/runlevels/default/innkeeper-network"
ln -sf /etc/init.d/innkeeper-mounts "$1/etc/runlevels/sysinit/innkeeper-mounts"
# A console for people on the serial port, none on screens that are not there; root has no password.
sed -i -e '/^[1-6]:.*getty/d' "$1/etc/inittab"
echo 'S0:2345:respawn:/sbin/getty -L ttyS0 115200 vt100' >>"$1/etc/inittab"
cat >>"$1/etc/inittab" <<'LINES'
pb::respawn:/usr/local/sbin/innkeeper-power-button
LINES
`;

const tools = ['udev', 'kmod', 'iproute2', 'e2fsprogs', 'procps'] as const;

export const debianRecipes: Readonly<Record<'debian' | 'debian-openrc', DebianRecipe>> = {
  // qemu-guest-agent is installed for comparison; it has a separate port.
  debian: { packages: ['systemd-sysv', 'qemu-guest-agent', ...tools], customize: systemd },
  'debian-openrc': { packages: ['openrc', 'sysvinit-core', ...tools], customize: openrc },
};
