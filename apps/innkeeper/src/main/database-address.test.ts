import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { optionalDatabase, requiredDatabase } from './database-address.ts';

describe('DATABASE_URL', () => {
  it('is unset when it is empty, and may name PostgreSQL or a file', () => {
    assert.equal(optionalDatabase({}), undefined);
    assert.equal(optionalDatabase({ DATABASE_URL: '' }), undefined);
    for (const address of ['postgres://host/db', 'postgresql:///db?host=/run', '/var/lib/innkeeper/other.db'])
      assert.equal(optionalDatabase({ DATABASE_URL: address }), address);
  });

  it('of another kind of database is refused, and not taken for the path of a file', () => {
    for (const DATABASE_URL of ['mysql://host/db', 'MariaDB://host', 'redis://localhost'])
      assert.throws(() => optionalDatabase({ DATABASE_URL }), /names a "\w+" database/);
    assert.throws(() => requiredDatabase({ DATABASE_URL: '/some/file' }), /DATABASE_URL is missing/);
  });
});
