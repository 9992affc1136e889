import { CliError } from './cli-error.ts';

/** A path in a VM. */
export interface GuestPath {
  readonly vm: string;
  readonly path: string;
}

/** One side of `inn cp`. */
export interface CopyPath {
  /** undefined: a local file, or "-". */
  readonly vm: string | undefined;
  readonly path: string;
}

/** "hello:/tmp/x" is in a VM; "./hello:/x", "x" and "-" are local, since the name of a VM has no slash. */
export function parseCopyPath(text: string): CopyPath {
  const match = /^([a-z0-9-]{1,63}):(.*)$/s.exec(text);
  if (match?.[1] === undefined || match[2] === undefined) return { vm: undefined, path: text };
  if (!match[2].startsWith('/'))
    throw new CliError(`"${text}": a path in a VM must be absolute, such as ${match[1]}:/tmp/file`);
  return { vm: match[1], path: match[2] };
}

/** "hello:/tmp/x". @throws CliError for a local path */
export function parseGuestPath(text: string): GuestPath {
  const { vm, path } = parseCopyPath(text);
  if (vm === undefined) throw new CliError(`"${text}" is not a path in a VM, such as hello:/tmp/file`);
  return { vm, path };
}
