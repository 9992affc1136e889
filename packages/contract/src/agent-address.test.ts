import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { formatAgentAddress, parseAgentAddress } from './agent-address.ts';

describe('the address of a libvirt domain', () => {
  it('may name any libvirt that is reached without running a program of its writer', () => {
    for (const uri of [
      'qemu:///system',
      'qemu+ssh://me@host.example:22/system',
      'qemu+tls://[::1]/system',
      'test:///a-b',
    ])
      assert.equal(formatAgentAddress(parseAgentAddress(`libvirt:${uri}#web`)), `libvirt:${uri}#web`);
  });

  const refused: readonly (readonly [string, string])[] = [
    ['with a command among its parameters', 'libvirt:qemu+ssh://host/system?command=/tmp/x#web'],
    ['with any parameter', 'libvirt:qemu:///system?socket=/tmp/x#web'],
    ['with the transport that runs a program', 'libvirt:qemu+ext://host/system#web'],
    ['with a transport that nobody knows', 'libvirt:qemu+other://host/system#web'],
    ['whose host is an option of ssh', 'libvirt:qemu+ssh://-oProxyCommand=x/system#web'],
    ['whose host behind a user is one', 'libvirt:qemu+ssh://me@-oProxyCommand=x/system#web'],
    ['whose host is one in another writing', 'libvirt:qemu+ssh://%2doProxyCommand=x/system#web'],
    ['whose name is digits, which virsh takes for an id', 'libvirt:7'],
    ['whose name is digits with a sign', 'libvirt:qemu:///system#+7'],
  ];
  for (const [what, address] of refused)
    it(`${what} is refused`, () => {
      assert.throws(() => parseAgentAddress(address), { reason: 'INVALID_ARGUMENT' });
    });

  it('may have a name with digits in it', () => {
    assert.equal(formatAgentAddress(parseAgentAddress('libvirt:web7')), 'libvirt:qemu:///system#web7');
  });
});
