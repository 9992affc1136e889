import assert from 'node:assert/strict';
import { it } from 'node:test';
import { create } from '@bufbuild/protobuf';
import { AdjustClockResponseSchema } from '@innkeeper/contract/agent';
import { TelemetryServiceLite } from '@innkeeper/contract/agent-lite';
import { checkAnswer } from './guest-claims.ts';

it('a guest that reports an impossible time of its clock misbehaves', () => {
  const check = (wallTimeUnixNs: bigint) =>
    checkAnswer(TelemetryServiceLite.adjustClock, {}, create(AdjustClockResponseSchema, { wallTimeUnixNs }));
  assert.equal(check(1_790_000_000_000_000_000n).wallTimeUnixNs, 1_790_000_000_000_000_000n);
  for (const time of [-(2n ** 63n), -1n, 2n ** 62n])
    assert.throws(() => check(time), { reason: 'GUEST_MISBEHAVES' }, `${time}`);
});
