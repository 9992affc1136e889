import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { type Extent, maxExtents, type SparseMap } from '@innkeeper/tar';

/** SEEK_DATA (3) and SEEK_HOLE (4) of lseek(2), which Node.js does not have: prints where each part begins and ends. */
const script = `open(my $file, "<", $ARGV[0]) or exit 1; my $at = 0;
for (1 .. $ARGV[1]) {
  my $start = sysseek($file, $at, 3); last unless $start;
  my $end = sysseek($file, $start + 0, 4) or exit 1;
  print $start + 0, " ", $end + 0, "\\n"; $at = $end + 0;
}`;
const maxOutputBytes = 1024 * 1024;

/**
 * The parts of an open file with data; undefined for a file without holes, or if that cannot be found out. Many small
 * holes at the end of a file count as data.
 */
export async function sparseMapOf(fd: number, sizeBytes: number): Promise<SparseMap | undefined> {
  try {
    const { stdout } = await promisify(execFile)(
      'perl',
      ['-e', script, `/proc/${process.pid}/fd/${fd}`, `${maxExtents}`],
      {
        maxBuffer: maxOutputBytes,
      },
    );
    const map: Extent[] = [];
    for (const line of stdout.split('\n').slice(0, -1)) {
      const [start = 0, end = 0] = line.split(' ').map(Number);
      const last = map.length === maxExtents - 1 ? sizeBytes : Math.min(end, sizeBytes);
      if (start >= sizeBytes || last <= start) break;
      map.push({ offset: start, sizeBytes: last - start });
      if (last === sizeBytes) break;
    }
    return map[0]?.sizeBytes === sizeBytes ? undefined : map;
  } catch {
    // Perl is missing, or the file system does not report holes: they are copied as zeros.
    return undefined;
  }
}
