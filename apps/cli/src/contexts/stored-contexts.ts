import { chmodSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { CliError } from '../cli-error.ts';

/** A daemon that inn is logged in to. */
export interface StoredContext {
  readonly url: string;
  readonly token: string;
  /** Id of the token, with which `inn logout` revokes it. */
  readonly tokenId?: string | undefined;
  readonly user?: string | undefined;
  /** Certificates to trust, in PEM. */
  readonly ca?: string | undefined;
}

export interface StoredContexts {
  /** Name of the current context; empty for the daemon on this machine. */
  readonly current: string;
  readonly contexts: Readonly<Record<string, StoredContext>>;
}

/** $XDG_CONFIG_HOME/innkeeper/contexts.json, else ~/.config/innkeeper/contexts.json. */
function contextsPath(environment: NodeJS.ProcessEnv = process.env): string {
  return join(environment['XDG_CONFIG_HOME'] || join(homedir(), '.config'), 'innkeeper', 'contexts.json');
}

/** The stored contexts; empty without a file. @throws CliError if the file is malformed */
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
    // SyntaxError: reported below.
  }
  throw new CliError(`${path} is malformed. Remove it and log in again.`, { exitCode: 1 });
}

/** Replaces the file atomically, with mode 0600, since it holds tokens. */
export function writeContexts(stored: StoredContexts, path = contextsPath()): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const partial = `${path}.${process.pid}`;
  writeFileSync(partial, `${JSON.stringify(stored, null, 2)}\n`, { mode: 0o600 });
  chmodSync(partial, 0o600);
  renameSync(partial, path);
}

/** The context of this name. @throws CliError if there is none */
export function contextNamed(stored: StoredContexts, name: string): StoredContext {
  const found = Object.hasOwn(stored.contexts, name) ? stored.contexts[name] : undefined;
  if (found !== undefined) return found;
  throw new CliError(`There is no context "${name}". See "inn context ls", or "inn login URL --name ${name}".`, {
    exitCode: 3,
  });
}
