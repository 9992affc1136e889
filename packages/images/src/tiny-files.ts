/** Text files of the tiny guest by path; those in `bin` and `init.d` are executable. */
export const tinyFiles: Readonly<Record<string, string>> = {
  'etc/os-release': `NAME="Innkeeper tiny"
PRETTY_NAME="Innkeeper tiny 1"
ID=innkeeper-tiny
VERSION_ID=1
HOME_URL="https://busybox.net/"
`,
  'etc/hostname': 'tiny\n',
  'etc/hosts': '127.0.0.1 localhost tiny\n::1 localhost\n',
  'etc/resolv.conf': 'nameserver 10.0.2.3\n',
  'etc/nsswitch.conf': 'passwd: files\ngroup: files\nhosts: files dns\n',
  'etc/shells': '/bin/sh\n',
  'etc/profile':
    "export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\nexport PS1='\\u@\\h:\\w\\$ '\n",
  'etc/passwd': `root:x:0:0:root:/root:/bin/sh
daemon:x:1:1:daemon:/:/bin/false
nobody:x:65534:65534:nobody:/:/bin/false
guest:x:1000:1000:guest:/home/guest:/bin/sh
`,
  'etc/group': `root:x:0:
daemon:x:1:
adm:x:4:guest
tty:x:5:
disk:x:6:
audio:x:29:guest
users:x:100:guest
guest:x:1000:
nogroup:x:65534:
`,
  // There are no passwords: root is logged in on the console, to which the host controls access.
  'etc/shadow':
    'root:*:19000:0:99999:7:::\ndaemon:*:19000:0:99999:7:::\nnobody:*:19000:0:99999:7:::\nguest:*:19000:0:99999:7:::\n',
  'etc/fstab': '/dev/vda / ext4 defaults 0 1\n',
  'etc/inittab': `::sysinit:/etc/init.d/rcS
::once:/etc/init.d/network
::respawn:/sbin/acpid -f -l /dev/null
ttyS0::askfirst:-/bin/sh
::ctrlaltdel:/sbin/reboot
::shutdown:/etc/init.d/rcK
`,
  'etc/init.d/rcS': `#!/bin/sh
# Everything that must be there before the first service. /dev, /proc and /sys come from the first file system.
export PATH=/usr/sbin:/usr/bin:/sbin:/bin
mount -t tmpfs -o mode=755,nosuid,nodev run /run
mount -t tmpfs -o mode=1777,nosuid,nodev tmp /tmp
mkdir -p /dev/pts /dev/shm /run/lock
ln -s /proc/self/fd /dev/fd
ln -s fd/0 /dev/stdin
ln -s fd/1 /dev/stdout
ln -s fd/2 /dev/stderr
mount -t devpts -o gid=5,mode=620,ptmxmode=666 devpts /dev/pts
mount -t tmpfs -o mode=1777,nosuid,nodev shm /dev/shm
mount -t cgroup2 -o nosuid,nodev,noexec cgroup2 /sys/fs/cgroup 2>/dev/null
mount -o remount,rw /
hostname -F /etc/hostname
ip link set lo up
`,
  'etc/init.d/network': `#!/bin/sh
# Each card by its file in /etc/network.d, which the agent writes; the first card without one by DHCP.
export PATH=/usr/sbin:/usr/bin:/sbin:/bin
# Without an answer udhcpc goes on trying.
dhcp() {
	udhcpc -i "$1" -s /etc/udhcpc/default.script -S -t 5 -T 1 -b -p /run/udhcpc.pid >/dev/null 2>&1
}
for card in /sys/class/net/*; do
	file=/etc/network.d/\${card##*/}
	[ -e "$file" ] || continue
	ip link set "\${card##*/}" up
	. "$file"
done
[ -e /sys/class/net/eth0 ] && [ ! -e /etc/network.d/eth0 ] || exit 0
ip link set eth0 up
dhcp eth0
`,
  'etc/init.d/rcK': `#!/bin/sh
# busybox's init kills what still runs only after this; but a file that somebody writes keeps the root from being made
# read-only, and its journal from being emptied. To -1 is to all but the first process and this one.
export PATH=/usr/sbin:/usr/bin:/sbin:/bin
kill -TERM -1
sleep 1
kill -KILL -1
sync
umount -a -r -t notmpfs,nodevtmpfs,noproc,nosysfs 2>/dev/null
mount -o remount,ro / 2>/dev/null
sync
`,
  'etc/acpi/PWRF/00000080': '#!/bin/sh\nexec /sbin/poweroff\n',
  'etc/udhcpc/default.script': `#!/bin/sh
case "$1" in
deconfig)
	ip -4 addr flush dev "$interface"
	ip link set "$interface" up
	;;
bound | renew)
	ip -4 addr flush dev "$interface"
	ip addr add "$ip/\${mask:-24}" dev "$interface"
	for gateway in $router; do
		ip route replace default via "$gateway" dev "$interface"
		break
	done
	for server in $dns; do echo "nameserver $server"; done >/etc/resolv.conf
	;;
esac
`,
};

/** Empty folders and their permissions. */
export const tinyFolders: Readonly<Record<string, number>> = {
  dev: 0o755,
  'etc/network.d': 0o755,
  'home/guest': 0o755,
  mnt: 0o755,
  opt: 0o755,
  proc: 0o555,
  root: 0o700,
  run: 0o755,
  srv: 0o755,
  sys: 0o555,
  tmp: 0o1777,
  'usr/local/bin': 0o755,
  'usr/local/sbin': 0o755,
  'var/log': 0o755,
  'var/tmp': 0o1777,
};
