import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/** Entries of a test's file system: a string is a file, `{ link }` a symbolic link, `{}` a folder. */
export type Entries = Readonly<Record<string, string | { readonly link?: string }>>;

export const layouts = {
  systemd: {
    'usr/sbin/init': { link: '../lib/systemd/systemd' },
    'usr/lib/systemd/systemd': 'x',
    sbin: { link: 'usr/sbin' },
    lib: { link: 'usr/lib' },
  },
  openrc: { 'sbin/init': 'x', 'sbin/openrc': 'x', 'etc/runlevels/default': {}, 'etc/init.d': {} },
  sysv: { 'sbin/init': 'x', 'etc/init.d': {}, 'etc/rc2.d': {} },
  busybox: {
    'bin/busybox': 'x',
    'sbin/init': { link: '../bin/busybox' },
    'etc/inittab': '::sysinit:/etc/init.d/rcS\n',
  },
} satisfies Record<string, Entries>;

/** A temporary folder with a test's images; removed by dispose. */
export class ImageFixture implements Disposable {
  readonly directory = mkdtempSync(join(tmpdir(), 'images-test-'));
  readonly agentBinaryPath = join(this.directory, 'agent');
  readonly outPath = join(this.directory, 'out', 'base.raw');
  #count = 0;

  constructor() {
    writeFileSync(this.agentBinaryPath, Buffer.alloc(300_000, 'agent one '));
    mkdirSync(dirname(this.outPath));
  }

  [Symbol.dispose](): void {
    rmSync(this.directory, { recursive: true, force: true });
  }

  /** A raw ext4 image with these entries. */
  image(entries: Entries, { size = '16M', features = [] as readonly string[], isLatin1 = false } = {}): string {
    const root = join(this.directory, `root${++this.#count}`);
    for (const [name, entry] of Object.entries(entries)) {
      const path = join(root, name);
      mkdirSync(dirname(path), { recursive: true });
      if (typeof entry === 'string') writeFileSync(path, entry, isLatin1 ? 'latin1' : 'utf8');
      else if (entry.link === undefined) mkdirSync(path, { recursive: true });
      else symlinkSync(entry.link, path);
    }
    const image = `${root}.raw`;
    this.run('mkfs.ext4', ['-q', '-F', ...features, '-E', 'root_owner=0:0', '-d', root, image, size]);
    return image;
  }

  /** Content of a file as the guest would read it; the target of a link. */
  read(image: string, path: string, offset = 0): string {
    return this.run('debugfs', ['-R', `cat ${path}`, `${image}${offset === 0 ? '' : `?offset=${offset}`}`]);
  }

  stat(image: string, path: string): string {
    return this.run('debugfs', ['-R', `stat ${path}`, image]);
  }

  run(program: string, argv: readonly string[], input = ''): string {
    const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
    const env = { PATH, LC_ALL: 'C', DEBUGFS_PAGER: '__none__' };
    return execFileSync(program, argv, { input, env, cwd: this.directory, encoding: 'latin1', stdio: 'pipe' });
  }
}
