import type { ExecEvent, ExecExited } from '@innkeeper/contract/agent';

/** Collects the events of an exec, for tests. */
export function foldExec(events: readonly ExecEvent[]): {
  stdout: string;
  stderr: string;
  /** Bytes of output, both streams. */
  bytes: number;
  /** Bytes that were dropped. */
  gap: number;
  stdinAccepted: number;
  exited: ExecExited | undefined;
} {
  const all = {
    stdout: '',
    stderr: '',
    bytes: 0,
    gap: 0,
    stdinAccepted: 0,
    exited: undefined as ExecExited | undefined,
  };
  for (const { event } of events) {
    if (event.case === 'output') {
      const { data, stream } = event.value;
      all.bytes += data.length;
      const text = new TextDecoder().decode(data);
      if (stream === 1) all.stdout += text;
      else all.stderr += text;
    } else if (event.case === 'gap') all.gap += Number(event.value.bytes);
    else if (event.case === 'stdinAccepted') all.stdinAccepted = Number(event.value);
    else if (event.case === 'exited') all.exited = event.value;
  }
  return all;
}
