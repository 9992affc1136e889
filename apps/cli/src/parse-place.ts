import { CliError } from './cli-error.ts';
import { parseCopyPath } from './parse-copy-path.ts';

/** A path in a VM. */
export interface Place {
  readonly vm: string;
  readonly path: string;
}

/** "hello:/tmp/x". Anything else is a mistake of the caller's. */
export function parsePlace(text: string): Place {
  const { vm, path } = parseCopyPath(text);
  if (vm === undefined) throw new CliError(`"${text}" is no place in a VM, such as hello:/tmp/file`);
  return { vm, path };
}
