/** One line of /proc/self/mountinfo (proc(5)). */
export interface MountEntry {
  readonly mountPoint: string;
  readonly filesystem: string;
  readonly device: string;
  /** By the options of the mount or of its superblock. */
  readonly readOnly: boolean;
  /** "major:minor" of the file system. */
  readonly deviceNumber: string;
  /** The mounted path within the file system: "/" except for bind mounts. */
  readonly root: string;
  /** Options of the file system, separated by commas, as the kernel escapes them. */
  readonly superblock: string;
}

/** Virtual file systems without a meaningful size. tmpfs is not among them: it can become full. */
const pseudo = new Set([
  ...['autofs', 'binfmt_misc', 'bpf', 'cgroup', 'cgroup2', 'configfs', 'debugfs', 'devpts', 'devtmpfs', 'efivarfs'],
  ...['fusectl', 'hugetlbfs', 'mqueue', 'nsfs', 'proc', 'pstore', 'ramfs', 'rootfs', 'rpc_pipefs', 'securityfs'],
  ...['selinuxfs', 'sysfs', 'tracefs'],
]);

/** For these types statvfs asks a server or a program, which may not answer. */
const remote = new Set(['9p', 'afs', 'ceph', 'cifs', 'nfs', 'nfs4', 'ocfs2', 'smb3', 'virtiofs', 'gfs2', 'glusterfs']);

/** Whether statvfs may hang for this type. */
export function canHang(filesystem: string): boolean {
  return remote.has(filesystem) || filesystem.startsWith('fuse');
}

/**
 * The file systems of interest to people: virtual ones are skipped, later mounts on a path hide earlier ones, and of
 * several mounts of one file system (bind mounts) the first with its root is returned.
 */
export function parseMounts(text: string): MountEntry[] {
  const shown = new Map<string, MountEntry>();
  for (const entry of parseEveryMount(text)) {
    // Every tmpfs is a separate file system; overlays have their own device numbers.
    const known = shown.get(entry.deviceNumber);
    if (known === undefined || (known.root !== '/' && entry.root === '/')) shown.set(entry.deviceNumber, entry);
  }
  return [...shown.values()];
}

/** Every mount except those of virtual file systems and those with a later mount on the same path, in their order. */
export function parseEveryMount(text: string): MountEntry[] {
  const byMountPoint = new Map<string, MountEntry>();
  for (const line of text.split('\n')) {
    const entry = parseLine(line);
    if (entry === undefined) continue;
    // A later mount has its own place in the order.
    byMountPoint.delete(entry.mountPoint);
    byMountPoint.set(entry.mountPoint, entry);
  }
  return [...byMountPoint.values()].filter(({ filesystem }) => !pseudo.has(filesystem));
}

function parseLine(line: string): MountEntry | undefined {
  const [front, back] = line.split(' - ');
  const fields = front?.split(' ');
  const [filesystem, device, superblock] = back?.split(' ') ?? [];
  const [, , deviceNumber, root, mountPoint, options] = fields ?? [];
  if (deviceNumber === undefined || root === undefined || mountPoint === undefined || filesystem === undefined)
    return undefined;
  return {
    mountPoint: decodeOctal(mountPoint),
    filesystem,
    device: decodeOctal(device ?? ''),
    readOnly: isReadOnly(options) || isReadOnly(superblock),
    deviceNumber,
    root: decodeOctal(root),
    superblock: superblock ?? '',
  };
}

/** In the options of a mount or of the superblock. "emergency_ro": how ext4 of Linux 6.15 stops writes after an error. */
function isReadOnly(options: string | undefined): boolean {
  return options?.split(',').some((option) => option === 'ro' || option === 'emergency_ro') ?? false;
}

/** Space, tab, newline and backslash are written as three octal digits. */
export function decodeOctal(text: string): string {
  return text.replace(/\\(\d{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));
}
