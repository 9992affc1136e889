import { constants } from 'node:fs';
import { copyFile, mkdtemp, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { hostArchitecture } from '../../../packages/images/src/agent-architecture.ts';
import { installAgent } from '../../../packages/images/src/install-agent.ts';
import { agentBinaryPath } from '../bench-image.ts';
import { type Metric, makeMetric, median } from '../metric.ts';

/**
 * Measures installing the agent in an ext4 image of 1 GiB, with both checks of the file system and the verification.
 * Excludes copying the image, which is done once per image and only measures the disk.
 */
export async function measureInjection(originalPath: string, directory: string, rounds: number): Promise<Metric[]> {
  const agent = await readFile(agentBinaryPath);
  const times: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const workDirectory = await mkdtemp(join(directory, 'injection-'));
    try {
      const imagePath = join(workDirectory, 'image.raw');
      await copyFile(originalPath, imagePath, constants.COPYFILE_FICLONE);
      const start = performance.now();
      await installAgent({ imagePath, agents: { [hostArchitecture]: agent }, workDirectory });
      times.push(performance.now() - start);
    } finally {
      await rm(workDirectory, { recursive: true, force: true });
    }
  }
  return [
    makeMetric({
      metric: 'agent into an image of 1 GiB p50',
      value: median(times),
      unit: 'ms',
      bound: { of: 'value', is: { atMost: 150 } },
    }),
  ];
}
