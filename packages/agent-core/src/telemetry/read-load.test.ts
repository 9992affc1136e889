import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { FakeHost } from '../fake/fake-host.ts';
import { NumberFile } from './number-file.ts';
import { readLoad } from './read-load.ts';

const parseLoad = (text: string): ReturnType<typeof readLoad> => {
  const host = new FakeHost();
  host.files.put('/proc/loadavg', text);
  return readLoad(new NumberFile(host));
};

describe('readLoad()', () => {
  it('the load has three averages', () => {
    assert.deepEqual(parseLoad('0.10 2.50 33.00 1/80 400'), { oneMinute: 0.1, fiveMinutes: 2.5, fifteenMinutes: 33 });
  });

  it('text that is not /proc/loadavg gives no load', () => {
    assert.equal(parseLoad(''), undefined);
    assert.equal(parseLoad('0.1 0.2'), undefined);
    assert.equal(parseLoad('a b c'), undefined);
  });
});
