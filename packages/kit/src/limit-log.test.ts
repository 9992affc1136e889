import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { limitLog } from './limit-log.ts';
import type { Log } from './log.ts';

describe('a limited log', () => {
  it('a limited log passes 30 lines, then one every 10 s, and reports how many it suppressed', () => {
    const lines: string[] = [];
    const note = (event: string, fields?: object): void => void lines.push(`${event} ${JSON.stringify(fields ?? {})}`);
    const inner: Log = { debug: note, info: note, warn: note, error: note, with: () => inner };
    let nowMs = 0;
    const log = limitLog(inner, { now: () => nowMs });
    for (let count = 0; count < 100; count++) log.with({ vm: 'x' }).info('agent.connected');
    assert.equal(lines.length, 30);
    nowMs = 10_000;
    for (let count = 0; count < 5; count++) log.error('agent.lost');
    assert.deepEqual(lines.slice(30), ['log.suppressed {"count":70}', 'agent.lost {}']);
    nowMs = 1_000_000;
    for (let count = 0; count < 50; count++) log.warn('agent.lost');
    assert.equal(lines.length, 32 + 1 + 30);
  });
});
