// What each command needs of Debian, and why; shown to the person before anything is installed.

/** The commands of package.json. */
export const commands = ['start', 'test', 'test:hostile', 'ok', 'generate', 'build:agent', 'package', 'bench'];

/** Whatever is run. The Node of npm is not Debian's, which brings its libraries. */
const base = [{ name: 'libatomic1', why: 'a library of the Node that runs everything' }];

const compiler = [
  { name: 'gcc', why: 'compiles the agent’s compiler, QuickJS' },
  { name: 'libc6-dev', why: 'headers for it' },
  { name: 'make', why: 'builds QuickJS' },
  { name: 'musl-tools', why: 'links the agent into one static file' },
  { name: 'xz-utils', why: 'unpacks the source of QuickJS' },
  { name: 'debian-archive-keyring', why: 'checks where that source comes from' },
  { name: 'ca-certificates', why: 'the same, over HTTPS' },
  { name: 'curl', why: 'fetches it from upstream where Debian’s mirror is out of reach' },
];

const machines = {
  x64: { name: 'qemu-system-x86', why: 'runs the VMs' },
  arm64: { name: 'qemu-system-arm', why: 'runs the VMs' },
};

const network = [
  { name: 'passt', why: 'lets guests into the internet and not onto this machine’s own services' },
  { name: 'iproute2', why: 'closes the ways to metadata services' },
];

/** For an agent of the other architecture. */
const crossCompilers = {
  x64: [
    { name: 'gcc-aarch64-linux-gnu', why: 'compiles the agent for arm64' },
    { name: 'qemu-user-static', why: 'tries it' },
  ],
  arm64: [
    { name: 'gcc-x86-64-linux-gnu', why: 'compiles the agent for x86-64' },
    { name: 'qemu-user-static', why: 'tries it' },
  ],
};

const images = [
  { name: 'qemu-utils', why: 'makes disks' },
  { name: 'e2fsprogs', why: 'makes file systems and puts the agent into them' },
  { name: 'busybox-static', why: 'the programs of the tiny guest' },
  { name: 'cpio', why: 'packs the tiny guest’s first file system' },
  { name: 'kmod', why: 'finds the kernel modules a guest needs' },
  { name: 'mmdebstrap', why: 'builds the Debian guests' },
  { name: 'uidmap', why: 'lets it do so without root' },
  { name: 'lz4', why: 'unpacks the guest’s kernel' },
];

const packages = [{ name: 'rpm', why: 'packs the RPM package' }];

const tests = [
  { name: 'openssl', why: 'makes certificates for tests' },
  { name: 'chromium', why: 'walks the web console in tests' },
  { name: 'postgresql', why: 'a real server for the tests of the store, on a socket of their own' },
  { name: 'victoria-metrics', why: 'takes the metrics that the tests write to it' },
];

const peers = [{ name: 'qemu-guest-agent', why: 'the incumbent that ours is measured beside' }];

/** The Debian packages of a command with its arguments, in the order in which they are shown. */
export function debianPackages(command, arch, args = []) {
  switch (command) {
    case 'build:agent':
      return [...base, ...compiler, ...(isCrossBuild(args, arch) ? crossCompilers[arch] : [])];
    case 'package':
      return [...base, ...compiler, ...packages];
    case 'start':
    case 'test:hostile':
      return [...base, machines[arch], ...network, ...images, ...compiler];
    case 'test':
      return [
        ...[...base, machines[arch], ...network, ...images, ...compiler, ...crossCompilers[arch]],
        ...[...peers, ...tests, ...packages],
      ];
    case 'bench':
      return [...base, machines[arch], ...images, ...compiler, ...peers];
    default:
      return base;
  }
}

/** Whether `--arch` names another architecture than this machine's. */
function isCrossBuild(args, arch) {
  const at = args.indexOf('--arch');
  const own = arch === 'arm64' ? ['arm64', 'aarch64'] : ['x64', 'amd64', 'x86_64'];
  return at !== -1 && !own.includes(args[at + 1]);
}
