import { existsSync, statSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { isStaticElf } from '../../../packages/images/src/host-busybox.ts';
import { type Metric, makeMetric } from '../metric.ts';

/** Path in the Debian package; the guest's is of the same release. */
const qgaPath = '/usr/sbin/qemu-ga';

/** Size of the agent's binary, which has no dependencies, and of qemu-ga without its libraries. */
export async function measureSize(agentBinaryPath: string): Promise<Metric[]> {
  if (!isStaticElf(await readFile(agentBinaryPath))) throw new Error(`${agentBinaryPath} is not static.`);
  const peer = existsSync(qgaPath) ? { name: 'qemu-ga, no libs', value: statSync(qgaPath).size / 1024 } : undefined;
  const value = statSync(agentBinaryPath).size / 1024;
  return [
    makeMetric({ metric: 'binary, static', value, unit: 'KiB', peer, bound: { of: 'value', is: { atMost: 1024 } } }),
  ];
}
