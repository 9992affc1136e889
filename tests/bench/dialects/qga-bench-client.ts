import { mib } from '@innkeeper/kit';
import { QgaClient } from '../qga-client.ts';
import type { BenchClient } from './bench-client.ts';

/** The same client for both agents: chunks of 1 MiB, and a status that is polled without pauses. */
export async function openQgaBench(path: string): Promise<BenchClient> {
  const qga = await QgaClient.open(path);
  await qga.sync();
  return {
    ping: () => qga.call('guest-ping'),
    exec: (program) => qga.exec(program, []),
    upload: (file, content) => qga.upload(file, content, mib),
    download: (file) => qga.download(file, mib),
    [Symbol.asyncDispose]: () => qga[Symbol.asyncDispose](),
  };
}
