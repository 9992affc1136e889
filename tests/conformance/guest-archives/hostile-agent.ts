import { FileServiceLite } from '@innkeeper/contract/agent-lite';
import { type Channel, silentLog } from '@innkeeper/kit';
import { capabilitiesOf } from '../../../packages/agent-core/src/capabilities.ts';
import { OperationTable, operation } from '../../../packages/agent-core/src/dispatch.ts';
import { FakeHost, realClock } from '../../../packages/agent-core/src/fake/index.ts';
import { serveNative } from '../../../packages/agent-core/src/native/serve-native.ts';
import { createWelcomeMaker } from '../../../packages/agent-core/src/native/welcome.ts';
import { telemetryOperations } from '../../../packages/agent-core/src/telemetry/telemetry-operations.ts';
import { TelemetrySampler } from '../../../packages/agent-core/src/telemetry/telemetry-sampler.ts';

const pieceBytes = 10_007;

/** An agent that somebody replaced: the archive of every path is what `archiveNow` gives. */
export function startHostileAgent(archiveNow: () => Uint8Array) {
  const clock = realClock({
    setTimeout: (callback, delayMs) => setTimeout(callback, delayMs).unref(),
    clearTimeout: (timer) => clearTimeout(timer as NodeJS.Timeout),
  });
  const host = new FakeHost({ clock });
  const isFrozen = (): boolean => false;
  const table = new OperationTable(
    [
      ...telemetryOperations(host, new TelemetrySampler(host, () => 0, isFrozen)),
      operation(FileServiceLite.readTar, async (_, context) => {
        const bytes = archiveNow();
        for (let at = 0; at < bytes.length; at += pieceBytes)
          await context.send({
            event: { case: 'chunk', value: { offset: BigInt(at), data: bytes.slice(at, at + pieceBytes) } },
          });
        await context.send({ event: { case: 'done', value: { bytes: BigInt(bytes.length), files: 1n, skipped: [] } } });
      }),
    ],
    isFrozen,
    clock,
  );
  const welcome = createWelcomeMaker({
    host,
    log: silentLog,
    bootId: 'boot',
    instance: 'hostile',
    isFrozen,
    buildTimeNs: 0n,
    capabilities: capabilitiesOf(host).present,
  });
  return (channel: Channel, { signal }: { readonly signal: AbortSignal }): void => {
    const served = { channel, table, ops: host.bytes, clock, welcome, log: silentLog, firstBytes: undefined, signal };
    serveNative(served).catch(() => undefined);
  };
}
