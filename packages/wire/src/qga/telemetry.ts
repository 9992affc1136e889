import type { Telemetry } from '@innkeeper/contract/agent';
import { TelemetryServiceLite } from '@innkeeper/contract/agent-lite';
import { OperationError } from '@innkeeper/contract/errors';
import { liteDecode, liteEncode } from '@innkeeper/contract/lite';
import type { QgaSteps } from './qga-command.ts';

const { watch } = TelemetryServiceLite;

/** One report of what the guest uses now. */
export function* readTelemetry(): QgaSteps<Telemetry> {
  let report: Telemetry | undefined;
  yield {
    method: watch.name,
    timeoutMs: 60_000,
    requests: () => [liteEncode(watch.input, {})],
    take: (body) => {
      report ??= liteDecode(watch.output, body);
      return true;
    },
  };
  if (report === undefined) throw new OperationError('INTERNAL', 'There was no report.');
  return report;
}
