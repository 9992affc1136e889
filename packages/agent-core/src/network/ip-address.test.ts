import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { formatAddress, isInside, networkOf, parseAddress, parsePrefix } from './ip-address.ts';

const canonical = (text: string): string | undefined => {
  const bytes = parseAddress(text);
  return bytes === undefined ? undefined : formatAddress(bytes);
};

describe('IP addresses', () => {
  it('addresses are read in every form, and written in the canonical one', () => {
    for (const [text, expected] of [
      ['192.0.2.5', '192.0.2.5'],
      ['::', '::'],
      ['::1', '::1'],
      ['2001:DB8:0:0:0:0:0:1', '2001:db8::1'],
      ['2001:db8::', '2001:db8::'],
      ['2001:db8:0:1:0:0:0:1', '2001:db8:0:1::1'],
      ['1:0:0:2:0:0:0:3', '1:0:0:2::3'],
      ['1:0:0:2:0:0:3:4', '1::2:0:0:3:4'],
      ['1:2:3:4:5:6:0:8', '1:2:3:4:5:6:0:8'],
      ['10:0:0:0:0:0:0:0', '10::'],
      ['::ffff:192.0.2.5', '::ffff:c000:205'],
      ['64:ff9b::1.2.3.4', '64:ff9b::102:304'],
    ] as const)
      assert.equal(canonical(text), expected, text);
  });

  it('what is not an address is refused', () => {
    for (const text of [
      '',
      '1.2.3',
      '1.2.3.256',
      '01.2.3.4',
      '1.2.3.4.5',
      '1.2.3.4 ',
      '1.2.3.4\n',
      '0x1.2.3.4',
      ':',
      ':::',
      '1::2::3',
      '1:2:3:4:5:6:7',
      '1:2:3:4:5:6:7:8:9',
      '1:2:3:4:5:6:7::8',
      '12345::',
      'fe80::1%eth0',
      '::1.2.3',
      '1.2.3.4::',
      'g::',
    ])
      assert.equal(parseAddress(text), undefined, text);
    for (const text of ['192.0.2.5', '192.0.2.5/33', '192.0.2.5/', '::/129', '/24', '192.0.2.5/24/8', '1.2.3.4/-1'])
      assert.equal(parsePrefix(text), undefined, text);
  });

  it('a text of thousands of dots costs no time', () => {
    const { user } = process.cpuUsage();
    assert.equal(parseAddress(`:${'.'.repeat(100_000)}x`), undefined);
    assert.ok(process.cpuUsage().user - user < 1_000_000, 'microseconds of CPU');
  });

  it('an address belongs to a network by its prefix', () => {
    const inside = (address: string, prefix: string): boolean =>
      isInside(
        parseAddress(address) ?? new Uint8Array(0),
        parsePrefix(prefix) ?? { bytes: new Uint8Array(0), length: 0 },
      );
    assert.equal(inside('192.0.2.200', '192.0.2.5/24'), true);
    assert.equal(inside('192.0.3.1', '192.0.2.5/24'), false);
    assert.equal(inside('192.0.3.1', '192.0.2.5/23'), true);
    assert.equal(inside('9.9.9.9', '0.0.0.0/0'), true);
    assert.equal(inside('192.0.2.5', '192.0.2.5/32'), true);
    assert.equal(inside('2001:db8::1', '2001:db8::/61'), true);
    assert.equal(inside('192.0.2.5', '::/0'), false);
    assert.deepEqual([...networkOf({ bytes: Uint8Array.of(10, 1, 255, 3), length: 21 })], [10, 1, 248, 0]);
  });
});
