import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { FakeHost } from '../fake/fake-host.ts';
import { NumberFile } from './number-file.ts';
import { readPressure } from './read-pressure.ts';

const parsePressure = (text: string): ReturnType<typeof readPressure> => {
  const host = new FakeHost();
  host.files.put('/proc/pressure/io', text);
  return readPressure(new NumberFile(host), 'io');
};

describe('readPressure()', () => {
  it('pressure has averages, and totals above 2^32', () => {
    const pressure = parsePressure(
      'some avg10=1.50 avg60=0.25 avg300=0.00 total=9000000000\nfull avg10=0.10 avg60=0.00 avg300=0.00 total=7\n',
    );
    assert.deepEqual([pressure?.someAvg10, pressure?.someTotalUs, pressure?.fullAvg10], [1.5, 9_000_000_000n, 0.1]);
  });

  it('pressure without a "full" line leaves it absent, not zero', () => {
    const pressure = parsePressure('some avg10=1.50 avg60=0.25 avg300=0.00 total=12\n');
    assert.ok(pressure);
    assert.equal('fullAvg10' in pressure, false);
  });

  it('text that is not a pressure file gives no pressure', () => {
    assert.equal(parsePressure(''), undefined);
    assert.equal(parsePressure('some avg10=1 avg60=2\n'), undefined);
    assert.equal(parsePressure('1 2 3 4 5 6\n\n'), undefined);
    assert.equal(parsePressure('1 2 3 4 5 6 7\n1 2 3 4 5 6\n\n')?.fullTotalUs, undefined);
  });
});
