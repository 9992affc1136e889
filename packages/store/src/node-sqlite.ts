import { DatabaseSync, type SQLInputValue } from 'node:sqlite';
import { OperationError } from '@innkeeper/contract';
import type { SqliteDatabase } from 'kysely';

/** A writer waits so long for another program's. Nothing else is done meanwhile, so it is short. */
const lockTimeoutMs = 1000;

/**
 * Opens an SQLite file with node:sqlite in the shape that Kysely's SQLite dialect expects. Several readers and one
 * writer at a time (WAL). What finds no room fails with HOST_DISK_FULL, what another program has locked with
 * DATABASE_UNREACHABLE, a damaged file with DATABASE_CORRUPT.
 */
export function openNodeSqlite(path: string): SqliteDatabase {
  const database = new DatabaseSync(path, { enableForeignKeyConstraints: true, timeout: lockTimeoutMs });
  try {
    told(() => database.exec('pragma journal_mode = wal; pragma synchronous = full;'));
  } catch (error) {
    database.close();
    throw error;
  }
  return {
    close: () => database.close(),
    prepare: (sql) => {
      const statement = told(() => database.prepare(sql));
      return {
        reader: statement.columns().length > 0,
        all: (parameters) => told(() => statement.all(...(parameters as SQLInputValue[]))),
        run: (parameters) => {
          // SQLite rolls back by itself when the disk is full. Its complaint about a second time would hide why.
          if (isRollback(sql) && !database.isTransaction) return { changes: 0, lastInsertRowid: 0 };
          return told(() => statement.run(...(parameters as SQLInputValue[])));
        },
        iterate: (parameters) => told(() => statement.iterate(...(parameters as SQLInputValue[]))),
      };
    },
  };
}

function isRollback(sql: string): boolean {
  return /^\s*rollback\s*;?\s*$/i.test(sql);
}

/** Runs it; its failures have their reasons. */
function told<T>(run: () => T): T {
  try {
    return run();
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    if (/disk is full|disk I\/O error/i.test(error.message))
      throw new OperationError('HOST_DISK_FULL', `The database cannot be written: ${error.message}.`, {
        cause: error,
        nextStep:
          'Free space on the file system of the data folder (df), then ask again; reading, stopping and removing go on.',
      });
    if (/readonly database|unable to open database file/i.test(error.message))
      throw new OperationError('DATABASE_UNREACHABLE', `The database cannot be written: ${error.message}.`, {
        cause: error,
        nextStep: 'Look at the permissions of the data folder, and whether its file system is mounted read-only.',
      });
    if (/file is not a database|database disk image is malformed/i.test(error.message))
      throw new OperationError('DATABASE_CORRUPT', `The database file cannot be read: ${error.message}.`, {
        cause: error,
      });
    if (!/database (table )?is locked|database is busy/i.test(error.message)) throw error;
    throw new OperationError('DATABASE_UNREACHABLE', 'The database is locked by another program.', {
      cause: error,
      nextStep: 'Try again in a moment. Look which program has the file innkeeper.db open when it lasts.',
    });
  }
}
