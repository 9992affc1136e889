import * as host from 'host';

/**
 * The device of a virtio-serial port by its name, undefined if not present. Looks in sysfs, since a guest without
 * udev has no /dev/virtio-ports (Documentation/ABI: /sys/class/virtio-ports/vportNpM/name).
 */
export function findPort(name: string): string | undefined {
  for (const device of listPorts()) {
    if (readName(device) === name) return `/dev/${device}`;
  }
  return undefined;
}

function listPorts(): string[] {
  try {
    return host.readDirectory('/sys/class/virtio-ports', 256);
  } catch {
    // ENOENT: the driver is not loaded (yet), or this is not a virtual machine.
    return [];
  }
}

function readName(device: string): string | undefined {
  try {
    return host.readText(`/sys/class/virtio-ports/${device}/name`, 256, false).trim();
  } catch {
    // ENOENT: unplugged since it was listed, or a port without a name.
    return undefined;
  }
}
