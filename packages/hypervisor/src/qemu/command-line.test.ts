import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { VmSpec } from '../vm-spec.ts';
import { type CommandLineOptions, qemuCommandLine } from './command-line.ts';
import { runFiles } from './run-files.ts';

const golden = join(import.meta.dirname, '../../../../tests/drivers/golden');

const spec: VmSpec = {
  id: '6f0d5a1e-0000-4000-8000-000000000001',
  name: 'hello',
  cpus: 2,
  memoryBytes: 256 * 1024 * 1024,
  runDirectory: '/run/vm',
  disks: [{ path: '/vms/disk.qcow2', format: 'qcow2' }],
  nics: [{ kind: 'user', macAddress: '52:54:00:12:34:56' }],
  firmware: { kind: 'default' },
  kernel: undefined,
  snapshot: undefined,
};

const options: CommandLineOptions = {
  accelerator: 'kvm',
  sandbox: true,
  isRestricted: false,
  files: runFiles('/run/vm'),
};

const kernel = { path: '/k/vmlinuz', initrdPath: '/k/initrd', commandLine: 'console=ttyS0 root=/dev/vda rw' };

const second = { path: '/vms/data.raw', format: 'raw' } as const;

const cases: readonly [string, VmSpec, CommandLineOptions][] = [
  ['kvm-disk', spec, options],
  ['tcg-kernel', { ...spec, kernel }, { ...options, accelerator: 'tcg' }],
  ['kernel-without-initrd', { ...spec, kernel: { ...kernel, initrdPath: undefined } }, options],
  ['restricted-network', spec, { ...options, isRestricted: true }],
  ['no-network-no-sandbox', { ...spec, nics: [{ kind: 'none' }] }, { ...options, sandbox: false }],
  ['two-disks', { ...spec, disks: [...spec.disks, second], nics: [] }, options],
  [
    'odd-names',
    {
      ...spec,
      name: 'a, b',
      memoryBytes: 100_000_000,
      disks: [{ path: '/vms/a, "b".raw', format: 'raw' }],
      runDirectory: '/run/a,b',
    },
    { ...options, files: runFiles('/run/a,b') },
  ],
];

describe('qemuCommandLine()', () => {
  for (const [name, vmSpec, lineOptions] of cases) {
    it(`the QEMU command line matches the golden file ${name}`, async () => {
      const text = `${qemuCommandLine(vmSpec, lineOptions).join('\n')}\n`;
      assert.equal(text, await readFile(join(golden, `${name}.txt`), 'utf8'));
    });
  }
});
