import { create } from '@bufbuild/protobuf';
import { type FileInfo, FileInfoSchema, FileKind } from '@innkeeper/contract/agent';
import { misbehaves } from '../../guest-claims.ts';

const statFormat = '%f %s %u %g %Y %b %U %G';

/** stat(1), as coreutils and busybox have it: raw mode, size, owner with names, time of the last change. */
export function statArgv(paths: readonly string[], follow: boolean): string[] {
  return ['stat', ...(follow ? ['-L'] : []), '-c', statFormat, '--', ...paths];
}

const kinds: ReadonlyMap<number, FileKind> = new Map([
  [0o100000, FileKind.REGULAR],
  [0o040000, FileKind.DIRECTORY],
  [0o120000, FileKind.SYMLINK],
  [0o020000, FileKind.CHARACTER_DEVICE],
  [0o060000, FileKind.BLOCK_DEVICE],
  [0o010000, FileKind.FIFO],
  [0o140000, FileKind.SOCKET],
]);

/** One line of `statArgv`. @throws OperationError GUEST_MISBEHAVES */
export function parseStat(line: string, path: string): FileInfo {
  const [, mode, size, uid, gid, seconds, user, group] =
    /^([0-9a-f]{1,8}) (\d{1,18}) (\d{1,10}) (\d{1,10}) (-?\d{1,12}) \d{1,18} (\S{1,256}) (\S{1,256})\s*$/.exec(line) ??
    [];
  if (mode === undefined) throw misbehaves('stat printed something else than was asked for.');
  const bits = Number.parseInt(mode, 16);
  return create(FileInfoSchema, {
    path,
    kind: kinds.get(bits & 0o170000) ?? FileKind.UNSPECIFIED,
    sizeBytes: BigInt(size ?? 0),
    mode: bits & 0o7777,
    uid: Number(uid) >>> 0,
    gid: Number(gid) >>> 0,
    // stat prints this for an id without a name.
    user: user === 'UNKNOWN' ? '' : (user ?? ''),
    group: group === 'UNKNOWN' ? '' : (group ?? ''),
    modifiedUnixNs: BigInt(seconds ?? 0) * 1_000_000_000n,
  });
}

/** find(1) with the same line for each entry of a folder, and its path behind it. */
export function listArgv(path: string): string[] {
  // The slash makes it list the target of a link.
  const folder = path.endsWith('/') ? path : `${path}/`;
  return ['find', folder, '-mindepth', '1', '-maxdepth', '1', '-exec', 'stat', '-c', `${statFormat} %n`, '{}', '+'];
}

/** The entries of `listArgv`. Names with a line break are left out: their lines cannot be told from others. */
export function parseList(text: string, folder: string): FileInfo[] {
  const start = folder.endsWith('/') ? folder : `${folder}/`;
  return text.split('\n').flatMap((line) => {
    const [, facts, path] = /^((?:\S+ ){7}\S+) (\/.*)$/.exec(line) ?? [];
    if (facts === undefined || path === undefined || !path.startsWith(start) || path.slice(start.length).includes('/'))
      return [];
    return [parseStat(facts, path)];
  });
}
