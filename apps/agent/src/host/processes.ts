import type { ChildProcess, Processes, StdinPipe } from '@innkeeper/agent-core';
import * as host from 'host';
import { PipeReader } from './pipe-reader.ts';
import type { Reaper } from './reaper.ts';

export function createProcesses(reaper: Reaper): Processes {
  const subreaper = host.becomeSubreaper();
  return {
    subreaper,
    kill: host.kill,
    spawn: (spec) => {
      const terminal = spec.stdio === 'pty' ? (spec.terminalSize ?? { columns: 80, rows: 24 }) : undefined;
      const [pid, stdin, stdout, stderr] = host.spawn(
        spec.program,
        spec.argv,
        spec.environment,
        spec.directory,
        spec.identity,
        spec.stdin,
        terminal?.columns ?? 0,
        terminal?.rows ?? 0,
      );
      const child: ChildProcess = {
        pid,
        // A terminal has one descriptor for both ways; its reader closes it.
        stdout: new PipeReader(terminal === undefined ? stdout : stdin),
        stderr: terminal === undefined ? new PipeReader(stderr) : undefined,
        stdin: stdin < 0 ? undefined : createStdin(stdin, terminal === undefined),
        onExit: (callback) => reaper.onExit(pid, callback),
        resize: (columns, rows) => host.resizeTerminal(stdin, columns, rows),
      };
      return child;
    },
  };
}

function createStdin(fd: number, ownsFd: boolean): StdinPipe {
  let slot: number | undefined;
  let closed = false;
  const unwatch = (): void => {
    if (slot !== undefined) host.unwatch(slot);
    slot = undefined;
  };
  return {
    write: (bytes) => (closed ? 0 : host.write(fd, bytes, 0, bytes.length, -1)),
    onceWritable: (callback) => {
      if (closed || slot !== undefined) return;
      // A terminal's descriptor is watched for reading already, and epoll takes each descriptor once.
      if (!ownsFd) {
        host.setTimer(10, callback);
        return;
      }
      slot = host.watch(fd, 2, () => {
        unwatch();
        callback();
      });
    },
    close: () => {
      if (closed) return;
      closed = true;
      unwatch();
      if (ownsFd) host.close(fd);
    },
  };
}
