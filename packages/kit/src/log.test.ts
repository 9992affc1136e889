import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { silentLog } from './log.ts';

describe('silentLog', () => {
  it('the silent log discards lines, with or without fields', () => {
    const log = silentLog.with({ vm: 'a' });
    for (const say of [log.debug, log.info, log.warn, log.error])
      assert.equal(say('event.name', { count: 1n }), undefined);
  });
});
