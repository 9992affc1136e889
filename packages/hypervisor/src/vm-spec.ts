/** A disk of a VM. */
export interface Disk {
  readonly path: string;
  readonly format: 'raw' | 'qcow2';
}

/** A network card. Bridges and devices that a kind needs must exist on the host before the VM starts. */
export type Nic =
  /** No card. */
  | { readonly kind: 'none' }
  /** The guest reaches the internet, and nothing of the host except the driver's guest port. */
  | { readonly kind: 'user'; readonly macAddress: string }
  /** A port of this bridge on the host. */
  | { readonly kind: 'bridge'; readonly macAddress: string; readonly bridge: string }
  /** This TAP device on the host. */
  | { readonly kind: 'tap'; readonly macAddress: string; readonly device: string };

/** The firmware that starts the guest's boot loader or kernel. */
export type Firmware =
  /** The hypervisor's default; a BIOS with QEMU. */
  | { readonly kind: 'default' }
  /** UEFI from these two files; the variables are written to. */
  | { readonly kind: 'uefi'; readonly codePath: string; readonly variablesPath: string };

/** A saved VM: its memory and the state of its devices. */
export interface Snapshot {
  readonly memoryPath: string;
  readonly statePath: string;
}

/**
 * Everything a driver needs to start a VM; it does not change while the VM runs. A launch that needs a feature which
 * the driver lacks (`features`) fails with UNSUPPORTED_BY_DRIVER.
 */
export interface VmSpec {
  readonly id: string;
  readonly name: string;
  readonly cpus: number;
  readonly memoryBytes: number;
  /**
   * Folder of this VM's run files (sockets, pid, log); exists, mode 0700, path short enough for sockets (108 bytes with
   * names).
   */
  readonly runDirectory: string;
  /** The first is booted from. */
  readonly disks: readonly Disk[];
  readonly nics: readonly Nic[];
  readonly firmware: Firmware;
  /** Boot this kernel instead of the first disk's boot loader. */
  readonly kernel:
    | { readonly path: string; readonly initrdPath: string | undefined; readonly commandLine: string }
    | undefined;
  /** Continue from this snapshot instead of booting. */
  readonly snapshot: Snapshot | undefined;
}
