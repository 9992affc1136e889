import type { RunRow, RunTargetRow } from '@innkeeper/store';
import type { Audit, AuditParameters } from '../../audit/audit.ts';

/** Records in the audit how a run ended on one VM, also if an earlier daemon began it. Never rejects. */
export async function auditRunTarget(audit: Audit, run: RunRow, target: RunTargetRow): Promise<void> {
  await audit.record({
    caller: { name: run.user_name, via: 'run', address: '' },
    action: 'run.end',
    vm: { id: target.vm_id, name: target.vm_name },
    parameters: { run: run.id, ...exitOf(target) },
    result: resultOf(target),
  });
}

function resultOf({ state, error }: RunTargetRow): string {
  if (error !== null) return (JSON.parse(error) as { readonly reason: string }).reason;
  return state === 'canceled' ? 'CANCELED' : 'ok';
}

/** Exit code, bytes and duration, with the same names as in `guest.exec`. */
function exitOf({ exited }: RunTargetRow): AuditParameters {
  if (exited === null) return {};
  const { exitCode, signal, stdoutBytes, stderrBytes, durationMs } = JSON.parse(exited) as ExitedJson;
  return {
    ...(signal === undefined ? { exit_code: exitCode ?? 0 } : { signal }),
    stdout_bytes: Number(stdoutBytes ?? 0),
    stderr_bytes: Number(stderrBytes ?? 0),
    duration_ms: Number(durationMs ?? 0),
  };
}

/** ExecExited in protobuf's JSON format: zeros are omitted, 64-bit numbers are strings. */
interface ExitedJson {
  readonly exitCode?: number;
  readonly signal?: number;
  readonly stdoutBytes?: string;
  readonly stderrBytes?: string;
  readonly durationMs?: string;
}
