import { FileServiceLite } from '@innkeeper/contract/agent-lite';
import { type Channel, silentLog } from '@innkeeper/kit';
import { capabilitiesOf } from '../../../packages/agent-core/src/capabilities.ts';
import { native } from '../../../packages/agent-core/src/dialects/native.ts';
import { OperationTable, operation } from '../../../packages/agent-core/src/dispatch.ts';
import { FakeHost, realClock } from '../../../packages/agent-core/src/fake/index.ts';
import { neverFrozen } from '../../../packages/agent-core/src/freeze-state.ts';
import { ClockStepper } from '../../../packages/agent-core/src/serving/clock-step.ts';
import { RootGrower } from '../../../packages/agent-core/src/serving/grow-root.ts';
import { Identity } from '../../../packages/agent-core/src/system/identity.ts';
import { telemetryOperations } from '../../../packages/agent-core/src/telemetry/telemetry-operations.ts';
import { TelemetrySampler } from '../../../packages/agent-core/src/telemetry/telemetry-sampler.ts';

const pieceBytes = 10_007;

/** A replaced agent, which sends the result of `archiveNow` as the archive of every path. */
export function startHostileAgent(archiveNow: () => Uint8Array) {
  const clock = realClock({
    setTimeout: (callback, delayMs) => setTimeout(callback, delayMs).unref(),
    clearTimeout: (timer) => clearTimeout(timer as NodeJS.Timeout),
  });
  const host = new FakeHost({ clock });
  const table = new OperationTable(
    [
      ...telemetryOperations(host, new TelemetrySampler(host, () => 0, neverFrozen)),
      operation(FileServiceLite.readTar, async (_, context) => {
        const bytes = archiveNow();
        for (let at = 0; at < bytes.length; at += pieceBytes)
          await context.send({
            event: { case: 'chunk', value: { offset: BigInt(at), data: bytes.slice(at, at + pieceBytes) } },
          });
        await context.send({ event: { case: 'done', value: { bytes: BigInt(bytes.length), files: 1n, skipped: [] } } });
      }),
    ],
    neverFrozen,
    clock,
  );
  const context = {
    host,
    log: silentLog,
    freeze: neverFrozen,
    firstBytes: undefined,
    identity: {
      bootId: 'boot',
      instance: 'hostile',
      startWallNs: 0n,
      capabilities: capabilitiesOf(host).present,
      denied: [],
    },
    clockStepper: new ClockStepper(clock, silentLog, 0n),
    rootGrower: new RootGrower(host, silentLog),
    guestIdentity: new Identity(host, silentLog),
    config: undefined,
    maySetUp: true,
    unrepeatable: new Set<{ readonly what: string }>(),
    denial: () => undefined,
  };
  return (channel: Channel, { signal }: { readonly signal: AbortSignal }): void => {
    native.serve(channel, table, { ...context, signal }).catch(() => undefined);
  };
}
