import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { until } from './until.ts';

/** A PostgreSQL server for tests, on a unix socket in a separate folder. */
export interface PostgresServer extends AsyncDisposable {
  /** Creates an empty database and resolves to its address. */
  createDatabase(): Promise<string>;
  /** Stops it like a crash of its machine. */
  stop(): Promise<void>;
  /** Starts it again with its data. */
  start(): Promise<void>;
}

const packages = '/usr/lib/postgresql';

/** Starts Debian's server; as the user postgres if this is root, as which it refuses to run. */
export async function startPostgres(): Promise<PostgresServer> {
  const folder = mkdtempSync(join(tmpdir(), 'innkeeper-postgres-'));
  const identity = identityOf();
  if (identity.uid !== undefined) chownSync(folder, identity.uid, identity.gid ?? identity.uid);
  const data = join(folder, 'data');
  const program = (name: string): string => join(newestVersion(), 'bin', name);
  const made = spawnSync(program('initdb'), ['-D', data, '-U', 'test', '-A', 'trust', '--no-sync'], {
    ...identity,
    cwd: folder,
    encoding: 'utf8',
  });
  if (made.status !== 0) throw new Error(`initdb failed: ${made.stderr || made.error?.message}`);
  const run = (): ChildProcess =>
    spawn(program('postgres'), ['-D', data, '-k', folder, '-c', 'listen_addresses=', '-c', 'fsync=off'], {
      ...identity,
      cwd: folder,
      stdio: 'ignore',
    });
  let server = run();
  const address = (database: string): string => `postgres://test@localhost/${database}?host=${folder}`;
  let count = 0;
  const createDatabase = async (): Promise<string> => {
    const name = `store_${++count}`;
    const client = new pg.Client({ connectionString: address('postgres') });
    await client.connect();
    await client.query(`create database ${name}`);
    await client.end();
    return address(name);
  };
  await until(async () => (await createDatabase()) !== '');
  const stop = async (): Promise<void> => {
    if (server.exitCode !== null || server.signalCode !== null) return;
    // Connections are cut, as with "immediate" of pg_ctl.
    server.kill('SIGQUIT');
    await once(server, 'exit');
  };
  return {
    createDatabase,
    stop,
    start: async () => {
      server = run();
      await until(async () => (await createDatabase()) !== '');
    },
    [Symbol.asyncDispose]: async () => {
      await stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function newestVersion(): string {
  const versions = existsSync(packages) ? readdirSync(packages).sort((a, b) => Number(b) - Number(a)) : [];
  if (versions[0] === undefined) throw new Error('PostgreSQL is not installed: install the package "postgresql".');
  return join(packages, versions[0]);
}

function identityOf(): { readonly uid?: number; readonly gid?: number } {
  if (process.getuid?.() !== 0) return {};
  const line = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .find((one) => one.startsWith('postgres:'));
  const [, , uid, gid] = line?.split(':') ?? [];
  return { uid: Number(uid), gid: Number(gid) };
}
