import { chmodSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { CliError } from '../cli-error.ts';

/** A daemon that somebody logged in to. */
export interface StoredContext {
  readonly url: string;
  readonly token: string;
  /** Id of the token, so that a logout can revoke it. */
  readonly tokenId?: string | undefined;
  readonly user?: string | undefined;
  /** Certificates to trust, in PEM. */
  readonly ca?: string | undefined;
}

export interface StoredContexts {
  /** Name of the one that is used; empty: the daemon on this machine. */
  readonly current: string;
  readonly contexts: Readonly<Record<string, StoredContext>>;
}

/** $XDG_CONFIG_HOME/innkeeper/contexts.json, else ~/.config/innkeeper/contexts.json; for its user alone. */
function contextsPath(environment: NodeJS.ProcessEnv = process.env): string {
  return join(environment['XDG_CONFIG_HOME'] || join(homedir(), '.config'), 'innkeeper', 'contexts.json');
}

/** None when there is no file. Throws CliError when it is none of ours. */
export function readContexts(path = contextsPath()): StoredContexts {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return { current: '', contexts: {} };
    throw error;
  }
  try {
    const { current, contexts } = JSON.parse(text) as StoredContexts;
    if (typeof current === 'string' && typeof contexts === 'object' && contexts !== null) return { current, contexts };
  } catch {
    // SyntaxError: said below.
  }
  throw new CliError(`${path} is not as inn writes it. Remove it and log in again.`, { exitCode: 1 });
}

/** Replaces the file whole, with mode 0600: it holds secrets. */
export function writeContexts(stored: StoredContexts, path = contextsPath()): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const partial = `${path}.${process.pid}`;
  writeFileSync(partial, `${JSON.stringify(stored, null, 2)}\n`, { mode: 0o600 });
  chmodSync(partial, 0o600);
  renameSync(partial, path);
}

/** Throws CliError when there is none of this name. */
export function contextNamed(stored: StoredContexts, name: string): StoredContext {
  const found = Object.hasOwn(stored.contexts, name) ? stored.contexts[name] : undefined;
  if (found !== undefined) return found;
  throw new CliError(`There is no context "${name}". See "inn context ls", or "inn login URL --name ${name}".`, {
    exitCode: 3,
  });
}
