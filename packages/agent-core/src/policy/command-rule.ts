import type { OperationError } from '@innkeeper/contract/errors';
import type { Rule } from '../config/agent-config.ts';
import type { Host } from '../host.ts';
import { isExecutable } from '../program-path.ts';
import type { CommandRule } from './guest-policy.ts';
import { walk } from './walk.ts';

/** Variables that choose a language, a time zone or a terminal, and no program, library or configuration file. */
const harmless = /^(LANG|LANGUAGE|LC_[A-Z]+|TZ|TERM|COLUMNS|LINES)$/;

/**
 * The rule that only some programs may be started. A path is that of the program's folder, with all links resolved, and
 * the program's name there: of a busybox each name is a program of its own, and where a link leads is up to the guest.
 */
export function commandRule(
  commands: Rule<readonly string[]>,
  rule: string,
  denial: (what: string, rule: string) => OperationError,
): CommandRule {
  return {
    checkEnvironment: (variables) => {
      for (const [name, value] of Object.entries(variables))
        if (!harmless.test(name) || namesFile(name, value))
          throw denial(`the variable ${name.slice(0, 80)}, which may change what a command runs`, rule);
    },
    programOf: (host, paths) => {
      const found = paths.find((path) => path.startsWith('/') && isExecutable(host, path)) ?? paths[0] ?? '';
      const real = realPath(host, found);
      if (real === undefined || !commands.value.some((each) => real === each || real === realPath(host, each)))
        throw denial(`the command ${found.slice(0, 200)}`, rule);
      return real;
    },
  };
}

/** Whether the value is a path. That of a time zone is one below the folder of all zones. */
function namesFile(name: string, value: string): boolean {
  return name === 'TZ' ? /^:?\/|\.\./.test(value) : value.includes('/');
}

/** Undefined if its folder does not exist. */
function realPath(host: Host, path: string): string | undefined {
  if (!path.startsWith('/')) return undefined;
  try {
    const root = host.files.openDirectory('/', { noSymlinks: false });
    try {
      return walk(root, path, { follow: false, noSymlinks: false }, ({ real }) => real);
    } finally {
      root.close();
    }
  } catch {
    // ENOENT, EACCES, ELOOP.
    return undefined;
  }
}
