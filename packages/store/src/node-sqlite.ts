import { DatabaseSync, type SQLInputValue } from 'node:sqlite';
import { OperationError } from '@innkeeper/contract';
import type { SqliteDatabase } from 'kysely';

/** How long a write waits for another program's lock. Short, since it blocks the daemon. */
const lockTimeoutMs = 1000;

/**
 * Opens an SQLite file with node:sqlite through the interface that Kysely's SQLite dialect expects. Several readers and
 * one writer at a time (WAL). Queries fail with HOST_DISK_FULL on a full disk, DATABASE_UNREACHABLE when another program
 * has the lock, and DATABASE_CORRUPT for a damaged file.
 */
export function openNodeSqlite(path: string): SqliteDatabase {
  const database = new DatabaseSync(path, { enableForeignKeyConstraints: true, timeout: lockTimeoutMs });
  try {
    withReason(() => database.exec('pragma journal_mode = wal; pragma synchronous = full;'));
  } catch (error) {
    database.close();
    throw error;
  }
  return {
    close: () => database.close(),
    prepare: (sql) => {
      const statement = withReason(() => database.prepare(sql));
      return {
        reader: statement.columns().length > 0,
        all: (parameters) => withReason(() => statement.all(...(parameters as SQLInputValue[]))),
        run: (parameters) => {
          // SQLite has already rolled back when the disk is full; the error of a second rollback would hide the first one.
          if (isRollback(sql) && !database.isTransaction) return { changes: 0, lastInsertRowid: 0 };
          return withReason(() => statement.run(...(parameters as SQLInputValue[])));
        },
        iterate: (parameters) => withReason(() => statement.iterate(...(parameters as SQLInputValue[]))),
      };
    },
  };
}

function isRollback(sql: string): boolean {
  return /^\s*rollback\s*;?\s*$/i.test(sql);
}

/** Runs `work`, converting errors of SQLite to OperationErrors. */
function withReason<T>(run: () => T): T {
  try {
    return run();
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    if (/disk is full|disk I\/O error/i.test(error.message))
      throw new OperationError('HOST_DISK_FULL', `The database cannot be written: ${error.message}.`, {
        cause: error,
        nextStep:
          'Free space on the file system of the data folder (df), then try again; reading, stopping and removing still work.',
      });
    if (/readonly database|unable to open database file/i.test(error.message))
      throw new OperationError('DATABASE_UNREACHABLE', `The database cannot be written: ${error.message}.`, {
        cause: error,
        nextStep: 'Check the permissions of the data folder, and whether its file system is mounted read-only.',
      });
    if (/file is not a database|database disk image is malformed/i.test(error.message))
      throw new OperationError('DATABASE_CORRUPT', `The database file cannot be read: ${error.message}.`, {
        cause: error,
      });
    if (!/database (table )?is locked|database is busy/i.test(error.message)) throw error;
    throw new OperationError('DATABASE_UNREACHABLE', 'The database is locked by another program.', {
      cause: error,
      nextStep: 'Try again in a moment. If this persists, find out which program has innkeeper.db open (lsof, fuser).',
    });
  }
}
