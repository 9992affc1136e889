import type { ChildProcess, Processes, ProcessHandle, SpawnSpec } from '@innkeeper/agent-core';
import * as host from 'host';
import { PipeReader } from './pipe-reader.ts';
import type { Reaper } from './reaper.ts';
import { StdinWriter } from './stdin-writer.ts';

/** `umask` applies to programs; the agent's own is 0. */
export function createProcesses(reaper: Reaper, umask: number): Processes {
  const subreaper = host.becomeSubreaper();
  return {
    subreaper,
    kill: host.kill,
    spawn: (spec) => {
      const { columns, rows } = terminalSizeOf(spec);
      const [pid, stdin, stdout, stderr] = host.spawn(
        spec.programs,
        spec.argv,
        spec.environment,
        spec.directory,
        spec.identity,
        spec.stdin,
        columns,
        rows,
        umask,
        spec.groupEntry ?? '',
      );
      reaper.expect(pid);
      return childOf(reaper, { pid, stdin, stdout, stderr });
    },
    adopt: (handle) => childOf(reaper, handle),
  };
}

function childOf(reaper: Reaper, { pid, stdin, stdout, stderr }: ProcessHandle): ChildProcess {
  const output = new PipeReader(stdout);
  const errors = stderr < 0 ? undefined : new PipeReader(stderr);
  const input = stdin < 0 ? undefined : new StdinWriter(stdin);
  return {
    pid,
    stdout: output,
    stderr: errors,
    stdin: input,
    onExit: (callback) => {
      // Not known yet if it was adopted.
      if (reaper.onExit(pid, callback)) return;
      reaper.expect(pid);
      reaper.onExit(pid, callback);
    },
    resize: (columns, rows) => output.resizeTerminal(columns, rows),
    handle: () => ({
      pid,
      stdin: input?.descriptor ?? -1,
      stdout: output.descriptor,
      stderr: errors?.descriptor ?? -1,
    }),
  };
}

/** 0 columns: pipes. A terminal without a size gets the VT100's. */
function terminalSizeOf({ stdio, terminalSize }: SpawnSpec): { readonly columns: number; readonly rows: number } {
  if (stdio !== 'pty') return { columns: 0, rows: 0 };
  return terminalSize ?? { columns: 80, rows: 24 };
}
