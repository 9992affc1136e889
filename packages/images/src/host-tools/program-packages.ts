/** The Debian package of each host program in use, for the message when one is missing. */
const packages: Readonly<Record<string, string>> = {
  'apt-cache': 'apt',
  'apt-get': 'apt',
  cp: 'coreutils',
  dd: 'coreutils',
  debugfs: 'e2fsprogs',
  dpkg: 'dpkg',
  e2fsck: 'e2fsprogs',
  'mkfs.ext4': 'e2fsprogs',
  mmdebstrap: 'mmdebstrap',
  'qemu-img': 'qemu-utils',
  'qemu-io': 'qemu-utils',
  sh: 'dash',
  tar: 'tar',
  xz: 'xz-utils',
};

/** The package that contains a program; the program's name if unknown. */
export function packageOfProgram(program: string): string {
  return packages[program] ?? program;
}
