import * as host from 'host';

/**
 * The device of a virtio-serial port by its name, undefined if not present. Looks in sysfs, since a guest without
 * udev has no /dev/virtio-ports (Documentation/ABI: /sys/class/virtio-ports/vportNpM/name).
 */
export function findPort(name: string): string | undefined {
  return listPorts().find((port) => port.name === name)?.path;
}

/** The virtio-serial ports that have a name, with their devices. */
export function listPorts(): { readonly name: string; readonly path: string }[] {
  return devices().flatMap((device) => {
    const name = readName(device);
    return name === undefined ? [] : [{ name, path: `/dev/${device}` }];
  });
}

/** The name of the port that a device is, by sysfs or else by the device's own name. */
export function portName(path: string): string {
  const device = path.slice(path.lastIndexOf('/') + 1);
  return readName(device) ?? device;
}

function devices(): string[] {
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
