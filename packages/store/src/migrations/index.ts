import type { Migration, MigrationProvider } from 'kysely/migration';
import { up as first } from './0001-first.ts';
import { up as history } from './0002-history.ts';
import { up as access } from './0003-access.ts';
import { up as runs } from './0004-runs.ts';
import { up as autostart } from './0005-autostart.ts';
import { up as factsAndIntents } from './0006-facts-and-intents.ts';
import { up as eventCounts } from './0007-event-counts.ts';

/** Every migration in order. One that was released is never changed. */
const migrations: Record<string, Migration> = {
  '0001-first': { up: first },
  '0002-history': { up: history },
  '0003-access': { up: access },
  '0004-runs': { up: runs },
  '0005-autostart': { up: autostart },
  '0006-facts-and-intents': { up: factsAndIntents },
  '0007-event-counts': { up: eventCounts },
};

export const migrationProvider: MigrationProvider = { getMigrations: async () => migrations };
