import { createAgentLink, openUnixChannel } from '@innkeeper/agent-client';
import type { BenchClient } from './bench-client.ts';

const pieceBytes = 256 * 1024;

/** The node's own client. */
export async function openNativeBench(path: string): Promise<BenchClient> {
  const link = createAgentLink({
    connect: (signal) => openUnixChannel(path, { signal }),
    identity: { vmId: 'bench', vmName: 'bench', nodeVersion: 'bench' },
    mayStepClock: false,
    telemetryIntervalMs: 0,
  });
  await link.ping();
  return {
    ping: () => link.ping(),
    exec: async (program) => {
      await using session = link.exec({ argv: [program] });
      for await (const { event } of session.events) if (event.case === 'exited') return;
    },
    upload: (file, content) =>
      link.writeFile({ path: file, noSync: true }, async function* (offset) {
        for (let at = Number(offset); at < content.length; at += pieceBytes)
          yield content.subarray(at, at + pieceBytes);
      }),
    download: async (file) => {
      const reading = link.readFile({ path: file });
      let total = 0;
      for await (const chunk of reading.chunks) total += chunk.length;
      await reading.done;
      return total;
    },
    [Symbol.asyncDispose]: () => link[Symbol.asyncDispose](),
  };
}
