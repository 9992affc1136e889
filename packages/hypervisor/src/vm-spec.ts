/** A disk of a VM. */
export interface Disk {
  readonly path: string;
  readonly format: 'raw' | 'qcow2';
}

/** A place for a network card. What a kind needs on the host (a bridge, a device) is there before the VM starts. */
export type Nic =
  /** No card. */
  | { readonly kind: 'none' }
  /** The guest reaches the internet, and of the host nothing but the driver's guest port. */
  | { readonly kind: 'user'; readonly macAddress: string }
  /** A port of this bridge of the host. */
  | { readonly kind: 'bridge'; readonly macAddress: string; readonly bridge: string }
  /** This TAP device of the host. */
  | { readonly kind: 'tap'; readonly macAddress: string; readonly device: string };

/** What runs before the guest's boot loader or kernel. */
export type Firmware =
  /** What the hypervisor has by itself; a BIOS with QEMU. */
  | { readonly kind: 'default' }
  /** UEFI from these two files; the variables are written to. */
  | { readonly kind: 'uefi'; readonly codePath: string; readonly variablesPath: string };

/** A VM's memory and the state of its devices, as they were kept once. */
export interface Snapshot {
  readonly memoryPath: string;
  readonly statePath: string;
}

/**
 * Everything a driver needs to start a VM; nothing of it changes while the VM runs. What a driver cannot do of it is in
 * its `features`, and a launch that needs it fails with UNSUPPORTED_BY_DRIVER.
 */
export interface VmSpec {
  readonly id: string;
  readonly name: string;
  readonly cpus: number;
  readonly memoryBytes: number;
  /** Folder of this VM's run files (sockets, pid, log); exists, mode 0700, path short enough for sockets (108 bytes with names). */
  readonly runDirectory: string;
  /** The first is booted from. */
  readonly disks: readonly Disk[];
  readonly nics: readonly Nic[];
  readonly firmware: Firmware;
  /** Boot this kernel instead of the first disk's boot loader. */
  readonly kernel:
    | { readonly path: string; readonly initrdPath: string | undefined; readonly commandLine: string }
    | undefined;
  /** Go on from here instead of booting. */
  readonly snapshot: Snapshot | undefined;
}
