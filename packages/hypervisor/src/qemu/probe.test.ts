import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { assertAvailable } from '../driver.ts';
import { probeQemu } from './probe.ts';

describe('probeQemu()', () => {
  it('the probe on an arm64 host reports that VMs are not supported there yet, not that a program is missing', async (t) => {
    const own = Object.getOwnPropertyDescriptor(process, 'arch');
    if (own === undefined) return t.skip('process.arch cannot be set here');
    Object.defineProperty(process, 'arch', { ...own, value: 'arm64' });
    try {
      const probe = await probeQemu('qemu-system-x86_64');
      assert.match(probe.reason, /CPU is arm64.*x86-64 hosts only/);
      assert.throws(() => assertAvailable(probe), { reason: 'HYPERVISOR_MISSING', nextStep: /on an x86-64 host/ });
    } finally {
      Object.defineProperty(process, 'arch', own);
    }
  });
});
