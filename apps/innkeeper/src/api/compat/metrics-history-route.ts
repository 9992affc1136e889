import { OperationError } from '@innkeeper/contract';
import type { HttpApiContext } from '../api-context.ts';
import { answerJson } from './execute-route.ts';

const defaultLimit = 360;
const maxLimit = 2160;
const defaultRangeMs = 60 * 60 * 1000;
const metrics = ['cpu.busy_percent', 'memory.used_bytes', 'memory.total_bytes', 'load.one_minute'];

/** GET /v1/metrics/vms/{vm}?from&to&limit: measurements, oldest first; times in RFC 3339 or seconds since the epoch. */
export async function metricsHistoryRoute({ vm, history, query, response }: HttpApiContext): Promise<void> {
  const toMs = timeOf(query, 'to') ?? Date.now();
  const fromMs = timeOf(query, 'from') ?? toMs - defaultRangeMs;
  const limit = Number(query.get('limit') ?? defaultLimit);
  if (!Number.isInteger(limit) || limit < 1 || limit > maxLimit)
    throw new OperationError('INVALID_ARGUMENT', `limit must be 1 to ${maxLimit}.`);
  if (fromMs >= toMs) throw new OperationError('INVALID_ARGUMENT', 'from must be before to.');
  const { plan, series } = await history.query(vm.id, { fromMs, toMs, metrics, maxPoints: limit });
  const valueAt = (metric: string, index: number): number | null => {
    const value = series.find((one) => one.metric === metric)?.average[index] ?? Number.NaN;
    return Number.isNaN(value) ? null : value;
  };
  const rows = Array.from({ length: plan.count }, (_, index) => {
    const [used, total] = [valueAt('memory.used_bytes', index), valueAt('memory.total_bytes', index)];
    return {
      vm_id: vm.id,
      recorded_at: new Date(plan.startMs + index * plan.stepMs).toISOString(),
      cpu_usage_percent: valueAt('cpu.busy_percent', index),
      memory_usage_percent: used === null || total === null || total === 0 ? null : (100 * used) / total,
      memory_used_kb: kib(used),
      memory_total_kb: kib(total),
      load_average: valueAt('load.one_minute', index),
    };
  });
  // Times without measurements have no row.
  answerJson(
    response,
    rows.filter(({ vm_id: _, recorded_at: __, ...values }) => Object.values(values).some((value) => value !== null)),
  );
}

function kib(bytes: number | null): number | null {
  return bytes === null ? null : Math.round(bytes / 1024);
}

function timeOf(query: URLSearchParams, name: string): number | undefined {
  const text = query.get(name);
  if (text === null) return undefined;
  const timeMs = /^\d+(\.\d+)?$/.test(text) ? Number(text) * 1000 : Date.parse(text);
  if (Number.isNaN(timeMs)) throw new OperationError('INVALID_ARGUMENT', `${name} is not a valid time.`);
  return timeMs;
}
