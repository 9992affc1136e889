import { archive, entry, paxHeader, resign } from '../operations/hostile-tar.ts';

/** An archive that a guest may send for a path, and the expected result. */
export interface GuestArchive {
  readonly title: string;
  /** The requested path in the guest. Default: /srv/x. */
  readonly path?: string;
  readonly bytes: Uint8Array;
  /** It is requested with sparse files and attributes, as by inn. */
  readonly withExtras?: boolean;
  /** Everything that exists afterwards, sorted; 'refused': an error, and nothing outside of "x". */
  readonly verdict: 'refused' | readonly string[];
}

/** Path of the folder that a guest must not reach, relative to the target. */
const outside = '../outside';

const folder = (name: string): Buffer => entry(name, { type: '5', mode: 0o755 });
const link = (name: string, to: string): Buffer => entry(name, { type: '2', link: to });
const file = (name: string): Buffer => entry(name, { content: 'theirs' });
const x = folder('x/');
const announced = (): Buffer => paxHeader({ comment: 'hard links to this file follow' });
const linked = (name: string): Buffer => Buffer.concat([announced(), file(name)]);
const hardLink = (name: string, to: string): Buffer => entry(name, { type: '1', link: to });

/** A sparse file in format 1.0 of GNU tar, whose map can be anything. */
function sparseEntry(name: string, map: string, content: string, size: string): readonly Buffer[] {
  const padded = map.padEnd(Math.ceil(map.length / 512) * 512, '\0');
  const records = {
    'GNU.sparse.major': '1',
    'GNU.sparse.minor': '0',
    'GNU.sparse.name': name,
    'GNU.sparse.realsize': size,
  };
  return [paxHeader(records), entry('x/GNUSparseFile.0/s', { content: padded + content })];
}

const sparse = (
  title: string,
  verdict: GuestArchive['verdict'],
  map: string,
  content: string,
  size: string,
  name = 'x/s',
): GuestArchive => ({
  title,
  bytes: archive(x, ...sparseEntry(name, map, content, size)),
  withExtras: true,
  verdict,
});

/** A GNU long name or link target before the entry that it belongs to. */
const gnuLong = (type: 'L' | 'K', text: string): Buffer =>
  Buffer.concat([entry('././@LongLink', { type, content: `${text}\0` })]);

const refused = (title: string, ...entries: readonly Uint8Array[]): GuestArchive => ({
  title,
  bytes: archive(...entries),
  verdict: 'refused',
});

const taken = (title: string, verdict: readonly string[], ...entries: readonly Uint8Array[]): GuestArchive => ({
  title,
  bytes: archive(...entries),
  verdict,
});

export const guestArchives: readonly GuestArchive[] = [
  // Legitimate archives
  taken('a folder', ['x', 'x/a', 'x/d', 'x/d/b'], x, file('x/a'), folder('x/d/'), file('x/d/b')),
  taken('a file', ['x'], file('x')),
  taken('a link', ['x'], link('x', '/etc/passwd')),
  taken('an empty archive, when everything was left out', []),
  taken('links that lead outside, as links', ['x', 'x/l', 'x/m'], x, link('x/l', '/etc/passwd'), link('x/m', outside)),
  taken('a file that occurs twice', ['x', 'x/a'], x, file('x/a'), file('x/a')),
  taken('a file replaced by a link', ['x', 'x/a'], x, file('x/a'), link('x/a', outside)),
  taken('control characters in names', ['x', 'x/a\n\u001b]0;t\u0007'], x, file('x/a\n\u001b]0;t\u0007')),
  taken(
    'names with shell syntax',
    ['x', 'x/$(id)', 'x/-rf', 'x/\\..\\b'],
    x,
    file('x/$(id)'),
    file('x/-rf'),
    file('x/\\..\\b'),
  ),
  taken('a long name', ['x', `x/${'n'.repeat(200)}`], x, paxHeader({ path: `x/${'n'.repeat(200)}` }), file('short')),
  taken(
    'a long name of GNU tar',
    ['x', `x/${'g'.repeat(200)}`],
    x,
    gnuLong('L', `x/${'g'.repeat(200)}`),
    file('short'),
  ),
  {
    ...taken('the whole file system, in one folder', ['root', 'root/.bashrc'], folder('./'), file('./.bashrc')),
    path: '/',
  },
  { ...taken('a path that ends with "/."', ['x'], x), path: '/srv/x/.' },
  { ...taken('a path that ends with "//"', ['x'], x), path: '/srv/x//' },
  {
    title: 'entries after the end, which are ignored',
    bytes: Buffer.concat([archive(x), archive(file('.bashrc'))]),
    verdict: ['x'],
  },
  // Other names at the top
  refused('a file next to the folder', file('.bashrc')),
  refused('a file next to the folder, after it', x, file('.bashrc')),
  refused('another folder', folder('.ssh/'), file('.ssh/authorized_keys')),
  refused('a folder with the name as a prefix', folder('xy/')),
  refused('a folder with the name in another case', folder('X/')),
  refused('"." as the top', folder('./'), file('./.bashrc')),
  refused('"./" before the name', folder('./x/')),
  { ...refused('a file next to the root', folder('./'), file('.bashrc')), path: '/' },
  { ...refused('another folder for the root', folder('etc/')), path: '/' },
  refused('the folder twice', x, file('x/a'), x),
  refused('two files with the name', file('x'), file('x')),
  refused('a link with the name, then the folder', link('x', outside), x, file('x/evil')),
  refused('the folder, then a link with its name', x, link('x', outside), file('x/evil')),
  // Names that lead outside
  refused('an absolute name', file('/x')),
  refused('an absolute name in the folder', x, file('/x/a')),
  refused('".." at the top', file('../outside/evil')),
  refused('".." below the top', x, file('x/../../outside/evil')),
  refused('".." as the last part', x, folder('x/..')),
  refused('"." within', x, file('x/./a')),
  refused('an empty part', x, file('x//a')),
  refused('no name', x, entry('')),
  refused('NUL in a name', x, paxHeader({ path: 'x/a\0/../../evil' }), file('a')),
  refused('an extended header that names another path', x, paxHeader({ path: '.bashrc' }), file('x/a')),
  refused('an extended header with ".."', x, paxHeader({ path: 'x/../../outside/evil' }), file('x/a')),
  refused('a long name of GNU tar with ".."', x, gnuLong('L', `x/${'../'.repeat(60)}evil`), file('x/a')),
  refused('a long name of GNU tar, absolute', x, gnuLong('L', '/etc/cron.d/evil'), file('x/a')),
  refused('a folder marked only by its slash, outside', x, file('evil/')),
  refused(
    '300 nested folders',
    ...Array.from({ length: 300 }, (_, at) => folder(`x${'/d'.repeat(at)}/`))
      .map((_, at) => paxHeader({ path: `x${'/d'.repeat(at)}/` }))
      .flatMap((header) => [header, folder('d/')]),
  ),
  // Through links
  refused('a file through a link', x, link('x/l', outside), file('x/l/evil')),
  refused('a folder through a link', x, link('x/l', outside), folder('x/l/evil/')),
  refused('a link, then a folder with its name', x, link('x/l', outside), folder('x/l/'), file('x/l/evil')),
  refused('a folder, then a link with its name', x, folder('x/l/'), link('x/l', outside), file('x/l/evil')),
  refused('a link, then a file with its name', x, link('x/l', `${outside}/mine`), file('x/l')),
  refused(
    'a folder that is entered again',
    x,
    folder('x/d/'),
    link('x/d/l', outside),
    folder('x/e/'),
    folder('x/d/'),
    folder('x/d/l/'),
  ),
  refused('a file in a folder that was already closed', x, folder('x/d/'), folder('x/e/'), file('x/d/a')),
  refused('a file in a missing folder', x, file('x/d/a')),
  refused('a file in a file', x, file('x/a'), file('x/a/b')),
  refused('a file before its folder', file('x/a')),
  refused(
    'a file through a link with a long target of GNU tar',
    x,
    gnuLong('K', `${'./'.repeat(80)}${outside}`),
    link('x/l', 'a'),
    file('x/l/evil'),
  ),
  refused(
    'a file through a link whose target is in an extended header',
    x,
    paxHeader({ linkpath: outside }),
    link('x/l', 'a'),
    file('x/l/evil'),
  ),
  refused('a link without a target', x, link('x/l', '')),
  refused('a link with NUL in its target', x, paxHeader({ linkpath: 'a\0b' }), link('x/l', 'a')),
  // Entries that no agent packs
  refused('a hard link to outside', x, entry('x/h', { type: '1', link: `${outside}/mine` })),
  taken(
    'hard links to a file that announced them',
    ['x', 'x/a', 'x/d', 'x/d/h', 'x/h'],
    x,
    linked('x/a'),
    hardLink('x/h', 'x/a'),
    folder('x/d/'),
    hardLink('x/d/h', 'x/a'),
  ),
  refused('a hard link to a user’s file next to the folder', x, hardLink('x/h', '.bashrc')),
  refused('a hard link to a file that the archive does not have', x, hardLink('x/h', 'x/a')),
  refused('a hard link through a link', x, link('x/l', outside), hardLink('x/h', 'x/l/mine')),
  refused('a hard link to a symbolic link', x, announced(), link('x/l', `${outside}/mine`), hardLink('x/h', 'x/l')),
  refused('a hard link to a folder', x, announced(), folder('x/d/'), hardLink('x/h', 'x/d')),
  refused('a hard link with ".." in its target', x, linked('x/a'), hardLink('x/h', 'x/../x/a')),
  refused('a hard link to an absolute path', x, linked('x/a'), hardLink('x/h', '/etc/passwd')),
  refused('a hard link whose file was replaced by a link', x, linked('x/a'), link('x/a', `${outside}/mine`)),
  refused('a file in the place of a hard link', x, linked('x/a'), hardLink('x/h', 'x/a'), file('x/h')),
  refused('a hard link as the top', hardLink('x', 'x')),
  refused(
    'a hard link in an extended header to outside',
    x,
    linked('x/a'),
    paxHeader({ linkpath: `${outside}/mine` }),
    hardLink('x/h', 'x/a'),
  ),
  refused('a hard link within that was not announced', x, file('x/a'), entry('x/h', { type: '1', link: 'x/a' })),
  refused('a hard link with a content', x, file('x/a'), entry('x/h', { type: '1', link: 'x/a', content: 'theirs' })),
  refused('a character device', x, entry('x/null', { type: '3' })),
  refused('a block device', x, entry('x/sda', { type: '4' })),
  refused('a FIFO', x, entry('x/pipe', { type: '6' })),
  refused('a sparse file of GNU tar', x, entry('x/s', { type: 'S', content: 'map' })),
  refused(
    'a sparse file by an extended header',
    x,
    paxHeader({ 'GNU.sparse.major': '1', 'GNU.sparse.name': 'x/s' }),
    file('x/a'),
  ),
  sparse('a sparse file of GNU tar', ['x', 'x/s'], '2\n0\n3\n4096\n3\n', 'abcdef', '8192'),
  sparse('a sparse file that is one hole', ['x', 'x/s'], '1\n1000000000\n0\n', '', '1000000000'),
  sparse('a sparse map with parts that overlap', 'refused', '2\n0\n3\n2\n3\n', 'abcdef', '8192'),
  sparse('a sparse map that goes backwards', 'refused', '2\n4096\n3\n0\n3\n', 'abcdef', '8192'),
  sparse('a sparse map beyond the file', 'refused', '1\n8192\n3\n', 'abc', '8192'),
  sparse('a sparse map with more content than the archive', 'refused', '1\n0\n4000\n', 'abc', '8192'),
  sparse('a sparse map with less content than the archive', 'refused', '1\n0\n1\n', 'abc', '8192'),
  sparse('a sparse map of a billion parts', 'refused', '1000000000\n0\n1\n', 'abc', '8192'),
  sparse('a sparse map without numbers', 'refused', 'abc\n', 'abc', '8192'),
  sparse('a sparse map without an end', 'refused', '1'.repeat(512), 'abc', '8192'),
  sparse('a sparse file of 8 EiB', 'refused', '1\n0\n3\n', 'abc', '9223372036854775807'),
  sparse('a sparse file of 4 PiB', 'refused', '1\n0\n3\n', 'abc', '4503599627370496'),
  sparse('a sparse name that leads outside', 'refused', '1\n0\n3\n', 'abc', '4096', '../evil'),
  // Attributes
  {
    title: 'attributes of all namespaces, of which only some are kept',
    bytes: archive(
      x,
      paxHeader({
        'SCHILY.xattr.user.ok': 'v',
        'SCHILY.xattr.security.selinux': 'evil',
        'SCHILY.xattr.security.ima': 'evil',
        'SCHILY.xattr.trusted.overlay.redirect': '/etc',
        'SCHILY.xattr.system.nfs4_acl': 'evil',
        'SCHILY.xattr.': 'none',
        'SCHILY.xattr.user.': 'none',
      }),
      file('x/a'),
    ),
    withExtras: true,
    verdict: ['x', 'x/a'],
  },
  {
    title: 'an attribute of 1 GiB',
    bytes: archive(x, resign(paxHeader({ 'SCHILY.xattr.user.a': 'v' }), { size: '10000000000' }), file('x/a')),
    withExtras: true,
    verdict: 'refused',
  },
  {
    title: 'an attribute whose record is longer than its header',
    bytes: archive(x, entry('pax', { type: 'x', content: '1073741824 SCHILY.xattr.user.a=v\n' }), file('x/a')),
    withExtras: true,
    verdict: 'refused',
  },
  {
    title: 'headers with attributes without end before an entry',
    bytes: archive(
      x,
      ...Array.from({ length: 200 }, (_, at) => paxHeader({ [`SCHILY.xattr.user.a${at}`]: 'v'.repeat(40_000) })),
      file('x/a'),
    ),
    withExtras: true,
    verdict: ['x', 'x/a'],
  },
  refused(
    'a sparse name without a map that leads outside',
    x,
    paxHeader({ 'GNU.sparse.name': '../evil' }),
    file('x/a'),
  ),
  refused('a GNU dumpdir entry', x, entry('x/d/', { type: 'D', content: 'list' })),
  refused('a volume label', entry('x', { type: 'V' })),
  refused('an unknown type', x, entry('x/a', { type: 'Z', content: 'theirs' })),
  // Sizes and headers that lie
  refused('a size larger than the archive', x, resign(file('x/a'), { size: '77777777777' })),
  refused('a negative size', x, resign(file('x/a'), { size: '-0000000001' })),
  refused(
    'a size that is too small, so that content becomes a header',
    x,
    resign(entry('x/a', { content: Buffer.concat([file('../evil')]).toString('latin1') }), { size: '00000000000' }),
  ),
  refused('an extended size that is too small', x, paxHeader({ size: '0' }), entry('x/a', { content: 'garbage' })),
  refused('an infinite extended size', x, paxHeader({ size: '1e400' }), file('x/a')),
  refused(
    'a link whose content is a header',
    x,
    Buffer.concat([
      resign(entry('x/l', { type: '2', link: 'a', content: file('../evil').toString('latin1') }), {
        size: '00000000000',
      }),
    ]),
  ),
  refused('a wrong checksum', x, Buffer.concat([file('x/a')]).fill(0x37, 0, 10)),
  refused('garbage', Buffer.alloc(2048, 'garbage')),
  { title: 'an archive without its end', bytes: Buffer.concat([x, file('x/a')]), verdict: 'refused' },
  { title: 'an archive truncated within a file', bytes: archive(x, file('x/a')).subarray(0, 1030), verdict: 'refused' },
  { title: 'no bytes at all', bytes: Buffer.alloc(0), verdict: 'refused' },
];
