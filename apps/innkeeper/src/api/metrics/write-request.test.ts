import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { fromBinary, toJson } from '@bufbuild/protobuf';
import { WriteRequestSchema } from '@innkeeper/contract/remote-write';
import { uncompress } from 'snappyjs';
import { encodeWriteRequest } from './write-request.ts';

describe('encodeWriteRequest()', () => {
  it('a write request combines samples with the same labels into one series, with sorted labels and without empty ones', () => {
    const labels = { vm: 'web', node: '', cpu: '0' };
    const body = encodeWriteRequest([
      { name: 'up', labels, value: 0, timeMs: 1000 },
      { name: 'up', labels, value: 1.5, timeMs: 2 ** 41 },
      { name: 'load', labels: {}, value: -1, timeMs: 3000 },
    ]);
    assert.deepEqual(toJson(WriteRequestSchema, fromBinary(WriteRequestSchema, uncompress(body))), {
      timeseries: [
        {
          labels: [
            { name: '__name__', value: 'up' },
            { name: 'cpu', value: '0' },
            { name: 'vm', value: 'web' },
          ],
          samples: [{ timestamp: '1000' }, { value: 1.5, timestamp: String(2 ** 41) }],
        },
        { labels: [{ name: '__name__', value: 'load' }], samples: [{ value: -1, timestamp: '3000' }] },
      ],
    });
  });

  it('a write request has the bytes of the specification’s example', () => {
    const body = encodeWriteRequest([{ name: 'a', labels: {}, value: 1, timeMs: 1 }]);
    assert.equal(
      Buffer.from(uncompress(body)).toString('hex'),
      // timeseries { labels { name, value } samples { value, timestamp } }
      '0a1c0a0d0a085f5f6e616d655f5f120161120b09000000000000f03f1001',
    );
  });
});
