#!/bin/busybox sh
# The init of the test guest. It echoes what comes on the native port, powers off by the power button, and takes
# commands on its console: "reboot", "flood N" (prints N KiB), "fill" (writes its disk), "poweroff".
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
  # cat ends whenever no host is there.
  while :; do cat <&3 >&3; usleep 20000; done
}

for port in /sys/class/virtio-ports/*; do
  if [ "$(cat $port/name)" = org.innkeeper.agent.0 ]; then
    exec 3<>/dev/${port##*/}
    echo_port &
  fi
done

if ! grep -q test=deaf /proc/cmdline; then
  # The power button is one of them; nobody types on the keyboard. Opened here and not in the background, so that a
  # press counts from the moment that the guest says it is ready.
  descriptor=4
  for input in /dev/input/event*; do
    eval "exec $descriptor<$input"
    (head -c 24 <&$descriptor >/dev/null && poweroff -f) &
    descriptor=$((descriptor + 1))
  done
fi

echo "test guest ready"
while read -r command argument; do
  case $command in
    reboot) reboot -f ;;
    poweroff) poweroff -f ;;
    fill) dd if=/dev/zero of=/dev/vda bs=64k oflag=direct ;;
    flood) yes "all work and no play makes a dull guest" | head -c ${argument}k; echo; echo "flood over" ;;
  esac
done
