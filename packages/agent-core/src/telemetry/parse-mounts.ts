/** One line of /proc/self/mountinfo (proc(5)). */
export interface MountEntry {
  readonly mountPoint: string;
  readonly filesystem: string;
  readonly device: string;
  readonly readOnly: boolean;
  /** "major:minor" of the file system. */
  readonly deviceNumber: string;
  /** The part of the file system that is mounted: "/" but for bind mounts. */
  readonly root: string;
}

/** Not on any disk and of no size that a person means. tmpfs is kept: it can be full. */
const pseudo = new Set([
  ...['autofs', 'binfmt_misc', 'bpf', 'cgroup', 'cgroup2', 'configfs', 'debugfs', 'devpts', 'devtmpfs', 'efivarfs'],
  ...['fusectl', 'hugetlbfs', 'mqueue', 'nsfs', 'proc', 'pstore', 'ramfs', 'rootfs', 'rpc_pipefs', 'securityfs'],
  ...['selinuxfs', 'sysfs', 'tracefs'],
]);

/** statvfs of these asks a server or a program, which may not answer. */
const remote = new Set(['9p', 'afs', 'ceph', 'cifs', 'nfs', 'nfs4', 'ocfs2', 'smb3', 'virtiofs', 'gfs2', 'glusterfs']);

/** Whether statvfs may hang for this type. */
export function canHang(filesystem: string): boolean {
  return remote.has(filesystem) || filesystem.startsWith('fuse');
}

/**
 * The file systems a person means: pseudo ones left out, later mounts on a place hide earlier ones, and of several
 * mounts of one file system (bind mounts) the first that has its root is shown.
 */
export function parseMounts(text: string): MountEntry[] {
  const byPlace = new Map<string, MountEntry>();
  for (const line of text.split('\n')) {
    const entry = parseLine(line);
    if (entry !== undefined) byPlace.set(entry.mountPoint, entry);
  }
  const shown = new Map<string, MountEntry>();
  for (const entry of byPlace.values()) {
    if (pseudo.has(entry.filesystem)) continue;
    // Every tmpfs is a file system of its own; overlays have device numbers of their own.
    const known = shown.get(entry.deviceNumber);
    if (known === undefined || (known.root !== '/' && entry.root === '/')) shown.set(entry.deviceNumber, entry);
  }
  return [...shown.values()];
}

function parseLine(line: string): MountEntry | undefined {
  const [front, back] = line.split(' - ');
  const fields = front?.split(' ');
  const [filesystem, device] = back?.split(' ') ?? [];
  const [, , deviceNumber, root, mountPoint, options] = fields ?? [];
  if (deviceNumber === undefined || root === undefined || mountPoint === undefined || filesystem === undefined)
    return undefined;
  return {
    mountPoint: decodeOctal(mountPoint),
    filesystem,
    device: decodeOctal(device ?? ''),
    readOnly: options?.split(',').includes('ro') ?? false,
    deviceNumber,
    root: decodeOctal(root),
  };
}

/** Space, tab, newline and backslash are written as three octal digits. */
function decodeOctal(text: string): string {
  return text.replace(/\\(\d{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));
}
