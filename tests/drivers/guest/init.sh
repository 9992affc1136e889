#!/bin/busybox sh
# The init of the test guest. It echoes what comes on the native port, powers off by the power button, and takes
# commands on its console: "reboot", "flood N" (prints N KiB), "poweroff".
export PATH=/bin
/bin/busybox --install -s /bin
mkdir -p /proc /sys
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
exec </dev/console >/dev/console 2>&1
stty -echo
for module in $(cat /modules/order); do insmod /modules/$module.ko; done

echo_port() {
  exec 3<>/dev/$1
  # cat ends whenever no host is there.
  while :; do cat <&3 >&3; usleep 20000; done
}

for port in /sys/class/virtio-ports/*; do
  if [ "$(cat $port/name)" = org.innkeeper.agent.0 ]; then echo_port ${port##*/} & fi
done

if ! grep -q test=deaf /proc/cmdline; then
  # The power button is one of them; nobody types on the keyboard.
  for input in /dev/input/event*; do (head -c 24 $input >/dev/null && poweroff -f) & done
fi

echo "test guest ready"
while read -r command argument; do
  case $command in
    reboot) reboot -f ;;
    poweroff) poweroff -f ;;
    flood) yes "all work and no play makes a dull guest" | head -c ${argument}k; echo; echo "flood over" ;;
  esac
done
