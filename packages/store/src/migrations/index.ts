import type { Migration, MigrationProvider } from 'kysely/migration';
import { up as initial } from './0001-initial.ts';
import { up as nodes } from './0002-nodes.ts';
import { up as knownNodes } from './0003-known-nodes.ts';
import { up as guestIdentity } from './0004-guest-identity.ts';

/** Every migration in order. One that was released is never changed. */
const migrations: Record<string, Migration> = {
  '0001-initial': { up: initial },
  '0002-nodes': { up: nodes },
  '0003-known-nodes': { up: knownNodes },
  '0004-guest-identity': { up: guestIdentity },
};

export const migrationProvider: MigrationProvider = { getMigrations: async () => migrations };
