import assert from 'node:assert/strict';
import { it } from 'node:test';
import { FakeAgentLink } from '../fake/fake-agent-link.ts';
import { syncClock } from './sync-clock.ts';

it('a clock is not set to a time before 1970 or after 2116, which its guest is not asked for', async () => {
  for (const time of [-(2n ** 63n), -1n, 2n ** 62n, 2n ** 63n - 1n])
    await assert.rejects(syncClock(new FakeAgentLink(), time, undefined), { reason: 'INVALID_ARGUMENT' }, `${time}`);
});
