/** Folder of a path; "/" of "/". */
export function parentPath(path: string): string {
  return path.slice(0, path.lastIndexOf('/')) || '/';
}

/** Last part of a path; empty for "/". */
export function baseName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

/** A name in a folder. */
export function joinPath(folder: string, name: string): string {
  return folder === '/' ? `/${name}` : `${folder}/${name}`;
}

/** What somebody typed as an absolute path, relative to a folder: "." and ".." are resolved, slashes are single. */
export function resolvePath(folder: string, typed: string): string {
  const parts: string[] = [];
  for (const part of (typed.startsWith('/') ? typed : `${folder}/${typed}`).split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '' && part !== '.') parts.push(part);
  }
  return `/${parts.join('/')}`;
}

export interface Crumb {
  readonly name: string;
  readonly path: string;
}

/** The folders that lead to a path, the first one is "/". */
export function crumbsOf(path: string): Crumb[] {
  const parts = path.split('/').filter(Boolean);
  return [
    { name: '/', path: '/' },
    ...parts.map((name, index) => ({ name, path: `/${parts.slice(0, index + 1).join('/')}` })),
  ];
}

/** Why a name cannot be that of a file; undefined when it can. */
export function nameProblem(name: string): string | undefined {
  if (name === '') return 'A name is needed.';
  if (name === '.' || name === '..') return 'This name means a folder that is there already.';
  if (name.includes('/') || name.includes('\0')) return 'A name has no “/”.';
  return new TextEncoder().encode(name).length > 255 ? 'A name has at most 255 bytes.' : undefined;
}
