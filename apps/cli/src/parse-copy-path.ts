import { CliError } from './cli-error.ts';

/** One side of `inn cp`. */
export interface CopyPath {
  /** undefined: a file here, or "-". */
  readonly vm: string | undefined;
  readonly path: string;
}

/** "hello:/tmp/x" is in a VM; "./hello:/x", "x" and "-" are here. A VM's name has no slash. */
export function parseCopyPath(text: string): CopyPath {
  const match = /^([a-z0-9-]{1,63}):(.*)$/s.exec(text);
  if (match?.[1] === undefined || match[2] === undefined) return { vm: undefined, path: text };
  if (!match[2].startsWith('/'))
    throw new CliError(`"${text}": a path in a VM is absolute, such as ${match[1]}:/tmp/file`);
  return { vm: match[1], path: match[2] };
}
