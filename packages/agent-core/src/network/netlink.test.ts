import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseAddress } from './ip-address.ts';
import { addressBody, linkBody, neighbourBody, parseAddressBody, parseRouteBody, routeBody } from './netlink.ts';

const bytes = (text: string): Uint8Array => parseAddress(text) ?? new Uint8Array(0);
const hex = (body: Uint8Array): string => Buffer.from(body).toString('hex');
const body = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text.replace(/\s/g, ''), 'hex'));

describe('messages of rtnetlink', () => {
  it('addresses, routes, links and neighbours have the bytes that iproute2 sends', () => {
    assert.equal(
      hex(addressBody(2, bytes('192.0.2.5'), 24)),
      '0218800002000000 08000200c0000205 08000100c0000205'.replace(/ /g, ''),
    );
    const route = { destination: bytes('0.0.0.0'), length: 0, gateway: bytes('192.0.2.1'), metric: 100, onLink: true };
    assert.equal(
      hex(routeBody(2, route)),
      '02000000fe040001 04000000 0800040002000000 08000500c0000201 0800060064000000'.replace(/ /g, ''),
    );
    assert.equal(hex(linkBody(2, true, 1400)), '0000000002000000 01000000 01000000 0800040078050000'.replace(/ /g, ''));
    assert.equal(
      hex(neighbourBody(2, bytes('192.0.2.1'), 0)),
      '0200000002000000 00000100 08000100c0000201'.replace(/ /g, ''),
    );
  });

  it('an address that the kernel reports can be sent back, without its statistics of no use', () => {
    // 192.0.2.5/24 with peer, local, broadcast, label "eth0", flags and lifetimes; then IFA_PROTO.
    const reported = body(
      '0218800002000000 08000100c0000205 08000200c0000205 08000400c00002ff 0900030065746830 00000000 0800080080000000 14000600ffffffffffffffff1122334411223344 05000b0003000000',
    );
    const { text, link, flags, body: sent } = parseAddressBody(reported);
    assert.deepEqual([text, link, flags], ['192.0.2.5/24', 2, 0x80]);
    assert.equal(hex(sent), hex(reported.subarray(0, reported.length - 8)));
    assert.equal(parseAddressBody(sent).text, text);
  });

  it('a route loses the states that the kernel does not accept, and those of other tables are left alone', () => {
    const header = '021800 00 fe 10 00 01 11000000';
    const attributes = '08000f00fe000000 08000100c6336400 08000500c0000201 0800040002000000';
    const route = parseRouteBody(body(header + attributes));
    assert.deepEqual(
      [route?.text, route?.gateway, route?.metric, route?.protocol, route?.link],
      ['198.51.100.0/24', '192.0.2.1', 0, 16, 2],
    );
    assert.equal(hex(route?.body.subarray(8, 12) ?? new Uint8Array(0)), '00000000');
    for (const other of [
      header.replace('fe', 'ff') + attributes.replace('0f00fe', '0f00ff'),
      header.replace(' 01 1', ' 02 1') + attributes,
      header + attributes.replace('0800040002000000', ''),
    ])
      assert.equal(parseRouteBody(body(other)), undefined);
  });

  it('attributes with an impossible length end the message instead of the agent', () => {
    for (const attribute of ['0000', '0300010000000000', 'ffff0200c0000205', '04000200'])
      assert.equal(typeof parseAddressBody(body(`0218800002000000${attribute}`)).text, 'string');
  });
});
