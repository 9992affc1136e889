import type { MessageInitShape } from '@bufbuild/protobuf';
import type { ListPackagesRequest, ListPackagesResponseSchema } from '@innkeeper/contract/agent';
import { openOptions } from '../file/open-options.ts';
import type { Host } from '../host.ts';
import { programLines } from '../lines/program-lines.ts';
import { programPath } from '../program-path.ts';
import { yieldToLoop } from '../yield-to-loop.ts';
import { PagedList } from './paged-list.ts';

interface PackageItem {
  readonly key: string;
  readonly name: string;
  readonly version: string;
  readonly architecture: string;
  readonly installedBytes?: bigint;
}

type Answer = MessageInitShape<typeof ListPackagesResponseSchema>;

const pieceBytes = 64 * 1024;
/** A longer entry of a database is skipped: its fields of interest are at its beginning. */
const maxEntryChars = 256 * 1024;
const maxFieldChars = 256;
const packageBytes = 24;
const rpmFormat = '%{NAME}\\t%{VERSION}-%{RELEASE}\\t%{ARCH}\\t%{SIZE}\\n';

/** Databases of text, with the names of their fields and the unit of their sizes. */
const databases = [
  {
    manager: 'dpkg',
    paths: ['/var/lib/dpkg/status'],
    fields: /^(?:(Package)|(Version)|(Architecture)|(Installed-Size)): *(.+)$/gm,
    unit: 1024,
    installed: /^Status: .* installed$/m,
  },
  {
    manager: 'apk',
    paths: ['/lib/apk/db/installed', '/usr/lib/apk/db/installed'],
    fields: /^(?:(P)|(V)|(A)|(I)):(.+)$/gm,
    unit: 1,
    installed: /^P:/m,
  },
] as const;

/** Installed packages, a page of them. The whole database is read each time, and never held. */
export async function listPackages(host: Host, request: ListPackagesRequest, signal: AbortSignal): Promise<Answer> {
  const list = new PagedList<PackageItem>(request);
  const manager = await offerAll(host, list, signal);
  if (manager === undefined) return { missing: 'this guest has none of dpkg, apk and rpm' };
  const { items, total, nextPageToken } = list.finish(
    ({ name, version, architecture }) => [name, version, architecture],
    packageBytes,
  );
  const packages = items.map(({ key: _, ...item }) => item);
  return { manager, packages, total, nextPageToken };
}

async function offerAll(host: Host, list: PagedList<PackageItem>, signal: AbortSignal): Promise<string | undefined> {
  for (const { manager, paths, fields, unit, installed } of databases)
    for (const path of paths)
      if (sizeOf(host, path) > 0) {
        await eachEntry(host, path, signal, (entry) => {
          if (!installed.test(entry)) return;
          const found: string[] = [];
          for (const [, name, version, architecture, size, value = ''] of entry.matchAll(fields))
            found[name ? 0 : version ? 1 : architecture ? 2 : size ? 3 : 4] ??= value;
          offer(list, found, unit);
        });
        return manager;
      }
  const rpm = programPath(host, 'rpm');
  if (rpm === undefined || !['/usr/lib/sysimage/rpm', '/var/lib/rpm'].some((path) => sizeOf(host, path) > 0))
    return undefined;
  for await (const lines of programLines(host, [rpm, '-qa', '--qf', rpmFormat], 4096, signal))
    for (const line of lines) offer(list, line.split('\t'), 1);
  return 'rpm';
}

function offer(list: PagedList<PackageItem>, fields: readonly (string | undefined)[], unit: number): void {
  const [name = '', version = '', architecture = '', size = ''] = fields.map((each) => each?.slice(0, maxFieldChars));
  if (name === '') return;
  list.offer({
    // Several versions of a package can be installed with rpm.
    key: `${name} ${architecture} ${version}`,
    name,
    version,
    architecture,
    ...(/^\d{1,15}$/.test(size) ? { installedBytes: BigInt(size) * BigInt(unit) } : {}),
  });
}

/** Calls back with each entry of a file, which empty lines separate. */
async function eachEntry(host: Host, path: string, signal: AbortSignal, take: (entry: string) => void): Promise<void> {
  const file = host.files.open(path, openOptions({ nonBlocking: true }));
  try {
    const piece = new Uint8Array(pieceBytes);
    // The fields of interest are ASCII, so a character that is cut at the end of a piece does no harm.
    const decoder = new TextDecoder();
    let rest = '';
    for (let offset = 0; ; ) {
      const count = host.files.read(file, piece, offset);
      if (count === 0) break;
      offset += count;
      const entries = (rest + decoder.decode(piece.subarray(0, count))).split('\n\n');
      rest = (entries.pop() ?? '').slice(0, maxEntryChars);
      for (const entry of entries) take(entry);
      await yieldToLoop(host, signal);
    }
    take(rest.trimEnd());
  } finally {
    file.close();
  }
}

/** 0 if it does not exist. Folders have a size. */
function sizeOf(host: Host, path: string): number {
  try {
    const { type, sizeBytes } = host.files.stat(path, true);
    return type === 'directory' ? 1 : sizeBytes;
  } catch {
    // ENOENT: another system.
    return 0;
  }
}
