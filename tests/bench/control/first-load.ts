import { join } from 'node:path';
import { bundleWeb } from '../../../tools/build-web/bundle-web.ts';
import { firstLoadBytes, readManifest } from '../../../tools/build-web/manifest.ts';
import { type Metric, makeMetric } from '../metric.ts';

const root = join(import.meta.dirname, '..', '..', '..');

/** Compressed size of what a browser loads before the overview is shown, built from the current sources. */
export async function* measureFirstLoad(directory: string): AsyncGenerator<Metric> {
  const output = join(directory, 'web');
  await bundleWeb(root, output);
  yield makeMetric({
    metric: 'web console, first load, gzip',
    value: firstLoadBytes(output, readManifest(output)) / 1000,
    unit: 'kB',
    bound: { of: 'value', is: { atMost: 190 } },
  });
}
