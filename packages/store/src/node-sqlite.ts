import { DatabaseSync, type SQLInputValue } from 'node:sqlite';
import { OperationError } from '@innkeeper/contract';
import type { SqliteDatabase } from 'kysely';

/**
 * Opens an SQLite file with node:sqlite in the shape that Kysely's SQLite dialect expects. Several readers and one
 * writer at a time (WAL); a writer waits 5 s for another one. What finds no room fails with HOST_DISK_FULL.
 */
export function openNodeSqlite(path: string): SqliteDatabase {
  const database = new DatabaseSync(path, { enableForeignKeyConstraints: true, timeout: 5000 });
  database.exec('pragma journal_mode = wal; pragma synchronous = full;');
  return {
    close: () => database.close(),
    prepare: (sql) => {
      const statement = database.prepare(sql);
      return {
        reader: statement.columns().length > 0,
        all: (parameters) => withRoom(() => statement.all(...(parameters as SQLInputValue[]))),
        run: (parameters) => withRoom(() => statement.run(...(parameters as SQLInputValue[]))),
        iterate: (parameters) => statement.iterate(...(parameters as SQLInputValue[])),
      };
    },
  };
}

function withRoom<T>(run: () => T): T {
  try {
    return run();
  } catch (error) {
    if (!(error instanceof Error && /disk is full|disk I\/O error/i.test(error.message))) throw error;
    throw new OperationError('HOST_DISK_FULL', `The database cannot be written: ${error.message}.`, { cause: error });
  }
}
