import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { createInterface } from 'node:readline';
import { getSystemErrorName } from 'node:util';
import { isKeptAttribute, maxAttributeBytes } from '@innkeeper/tar';

/**
 * System calls fsetxattr, lgetxattr and llistxattr. Node.js has no functions for extended attributes; Perl, which every
 * Debian and Ubuntu has, can make any system call. Names and values pass as hexadecimal digits.
 */
const numbers: Readonly<
  Partial<Record<string, { readonly set: number; readonly get: number; readonly list: number }>>
> = {
  x64: { set: 190, get: 192, list: 195 },
  arm64: { set: 7, get: 9, list: 12 },
};

/** Answers each path with a line of "name=value" of all its attributes. */
const reader = `$| = 1; my ($list, $get) = @ARGV;
while (<STDIN>) {
  chomp; my $path = pack("H*", $_) . "\\0"; my $names = "\\0" x 65536;
  my $size = syscall($list, $path, $names, 65536);
  print join(" ", map {
    my $name = $_ . "\\0"; my $value = "\\0" x 65536; my $got = syscall($get, $path, $name, $value, 65536);
    $got < 0 ? () : unpack("H*", $_) . "=" . unpack("H*", substr($value, 0, $got));
  } split /\\0/, $size < 0 ? "" : substr($names, 0, $size)), "\\n";
}`;

/** Sets the attributes of descriptor 3, one per line, and prints the names of those that fail with the errno. */
const writer = `my ($set) = @ARGV;
while (<STDIN>) {
  my ($name, $value) = /^(\\w+)=(\\w*)/; my $key = pack("H*", $name) . "\\0"; $value = pack("H*", $value);
  syscall($set, 3, $key, $value, length $value, 0) < 0 and print $name, "=", $! + 0, "\\n";
}`;

const noPerl = 'extended attributes, ACLs and file capabilities are not copied: perl is not installed';

/** Reads the extended attributes of local files and folders, in one process. */
export class AttributeReader {
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;
  readonly #onSkip: (what: string) => void;
  #isOver = false;

  constructor(onSkip: (what: string) => void) {
    this.#onSkip = onSkip;
    const { get = -1, list = -1 } = numbers[process.arch] ?? {};
    this.#child = spawn('perl', ['-e', reader, `${list}`, `${get}`], { stdio: ['pipe', 'pipe', 'ignore'] });
    this.#child.once('error', () => this.#fail());
    this.#child.stdin?.on('error', () => undefined);
    this.#lines = createInterface({ input: this.#child.stdout ?? process.stdin })[Symbol.asyncIterator]();
  }

  /** Those that a copy keeps. */
  async read(path: string): Promise<ReadonlyMap<string, Uint8Array>> {
    const attributes = new Map<string, Uint8Array>();
    if (this.#isOver) return attributes;
    this.#child.stdin?.write(`${Buffer.from(path).toString('hex')}\n`);
    const line = await this.#lines.next();
    if (line.done === true) {
      this.#fail();
      return attributes;
    }
    let left = maxAttributeBytes;
    for (const pair of line.value.split(' ')) {
      const [name = '', value = ''] = pair.split('=').map((hex) => Buffer.from(hex, 'hex'));
      if (!isKeptAttribute(name.toString())) continue;
      left -= name.length + value.length;
      if (left >= 0) attributes.set(`${name}`, Buffer.from(value));
      else this.#onSkip(`${path}: its attribute ${name} is too large for an archive`);
    }
    return attributes;
  }

  close(): void {
    this.#isOver = true;
    this.#child.kill('SIGKILL');
  }

  #fail(): void {
    if (!this.#isOver) this.#onSkip(noPerl);
    this.#isOver = true;
  }
}

/** Sets extended attributes of an open file or folder. `report` gets those that could not be set, with the reason. */
export function writeAttributes(
  fd: number,
  attributes: ReadonlyMap<string, Uint8Array>,
  report: (why: string) => void,
): void {
  const kept = [...attributes].filter(([name]) => isKeptAttribute(name));
  if (kept.length === 0) return;
  const hex = (bytes: string | Uint8Array): string => Buffer.from(bytes as Uint8Array).toString('hex');
  const input = kept.map(([name, value]) => `${hex(name)}=${hex(value)}\n`).join('');
  const { error, stdout } = spawnSync('perl', ['-e', writer, `${numbers[process.arch]?.set ?? -1}`], {
    input,
    stdio: ['pipe', 'pipe', 'ignore', fd],
  });
  if (error !== undefined) {
    report(noPerl);
    return;
  }
  for (const line of stdout.toString().split('\n').slice(0, -1)) {
    const [name = '', errno = ''] = line.split('=');
    report(`its attribute ${Buffer.from(name, 'hex')} could not be set: ${getSystemErrorName(-Number(errno))}`);
  }
}
