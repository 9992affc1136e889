/** The folder of a path; "/" for "/". */
export function parentPath(path: string): string {
  return path.slice(0, path.lastIndexOf('/')) || '/';
}

/** The last part of a path; empty for "/". */
export function baseName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

/** Joins a folder and a name. */
export function joinPath(folder: string, name: string): string {
  return folder === '/' ? `/${name}` : `${folder}/${name}`;
}

/** Converts typed input to an absolute path, relative to a folder: resolves "." and "..", collapses slashes. */
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

/** Returns the ancestors of a path and the path itself, starting with "/". */
export function crumbsOf(path: string): Crumb[] {
  const parts = path.split('/').filter(Boolean);
  return [
    { name: '/', path: '/' },
    ...parts.map((name, index) => ({ name, path: `/${parts.slice(0, index + 1).join('/')}` })),
  ];
}

/** Why a file name is invalid; undefined if it is valid. */
export function nameProblem(name: string): string | undefined {
  if (name === '') return 'Enter a name.';
  if (name === '.' || name === '..') return '“.” and “..” are reserved.';
  if (name.includes('/') || name.includes('\0')) return 'A name cannot contain “/”.';
  return new TextEncoder().encode(name).length > 255 ? 'A name can have at most 255 bytes.' : undefined;
}
