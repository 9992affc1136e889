// The Debian packages that each command needs, and why; shown before anything is installed.

/** The commands of package.json. */
export const commands = [
  'start',
  'test',
  'test:hostile',
  'test:fuzz',
  'ok',
  'generate',
  'build:agent',
  'package',
  'package:agent',
  'bench',
];

/** For every command. The pinned Node comes from npm, without its libraries. */
const base = [{ name: 'libatomic1', why: 'a library of the Node that runs everything' }];

const compiler = [
  { name: 'gcc', why: 'compiles the agent’s compiler, QuickJS' },
  { name: 'libc6-dev', why: 'headers for the compiler' },
  { name: 'make', why: 'builds QuickJS' },
  { name: 'musl-tools', why: 'links the agent into one static file' },
  { name: 'xz-utils', why: 'unpacks the source of QuickJS' },
  { name: 'debian-archive-keyring', why: 'verifies the origin of that source' },
  { name: 'ca-certificates', why: 'verifies HTTPS downloads' },
  { name: 'curl', why: 'downloads it from upstream if Debian’s mirror is unreachable' },
];

const machines = {
  x64: { name: 'qemu-system-x86', why: 'runs the VMs' },
  arm64: { name: 'qemu-system-arm', why: 'runs the VMs' },
};

const network = [
  { name: 'passt', why: 'connects guests to the internet but not to this machine’s own services' },
  { name: 'iproute2', why: 'blocks routes to cloud metadata services' },
];

/** For an agent of the other architecture. */
const crossCompilers = {
  x64: [
    { name: 'gcc-aarch64-linux-gnu', why: 'compiles the agent for arm64' },
    { name: 'qemu-user-static', why: 'runs its self-test and its conformance tests' },
  ],
  arm64: [
    { name: 'gcc-x86-64-linux-gnu', why: 'compiles the agent for x86-64' },
    { name: 'qemu-user-static', why: 'runs its self-test and its conformance tests' },
  ],
};

const images = [
  { name: 'qemu-utils', why: 'creates disks' },
  { name: 'e2fsprogs', why: 'creates file systems and installs the agent in them' },
  { name: 'busybox-static', why: 'the programs of the tiny guest' },
  { name: 'cpio', why: 'packs the tiny guest’s initramfs' },
  { name: 'kmod', why: 'reads the kernel modules that a guest needs' },
  { name: 'mmdebstrap', why: 'builds the Debian guests' },
  { name: 'uidmap', why: 'lets it do so without root' },
  { name: 'lz4', why: 'unpacks the guest’s kernel' },
];

const packages = [{ name: 'rpm', why: 'builds the RPM package' }];
const discs = [{ name: 'xorriso', why: 'writes the disc with the agent' }];

const tests = [
  { name: 'openssl', why: 'creates certificates for tests' },
  { name: 'openssh-client', why: 'goes through a tunnel in tests' },
  { name: 'python3', why: 'runs ansible through a tunnel in tests' },
  { name: 'chromium-headless-shell', why: 'runs the web console in tests' },
  { name: 'postgresql', why: 'a server for the tests of the store, on a private socket' },
  { name: 'victoria-metrics', why: 'receives the metrics that the tests write' },
];

const peers = [{ name: 'qemu-guest-agent', why: 'the existing agent with which Innkeeper’s is compared' }];

/** The Debian packages for a command with its arguments, in the order in which they are shown. */
export function debianPackages(command, arch, args = []) {
  switch (command) {
    case 'build:agent':
      return [...base, ...compiler, ...(isCrossBuild(args, arch) ? crossCompilers[arch] : [])];
    case 'package':
      return [...base, ...compiler, ...packages];
    case 'package:agent':
      return [...base, ...compiler, ...crossCompilers[arch], ...packages, ...discs];
    case 'start':
    case 'test:hostile':
      return [...base, machines[arch], ...network, ...images, ...compiler];
    case 'test':
      return [
        ...[...base, machines[arch], ...network, ...images, ...compiler, ...crossCompilers[arch]],
        ...[...peers, ...tests, ...packages, ...discs],
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
