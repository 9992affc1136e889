import type { MessageInitShape } from '@bufbuild/protobuf';
import { OperationError } from '@innkeeper/contract';
import type { ProcessSpecSchema } from '@innkeeper/contract/agent';
import type { RunSpec } from '@innkeeper/contract/control';

/** With what is put before it, a process has it as its id. */
export const maxRunIdChars = 60;
const maxScriptBytes = 1024 * 1024;
const defaultTimeoutMs = 60 * 60 * 1000;
const maxTimeoutMs = 24 * defaultTimeoutMs;
const defaultOutputBytes = 1024 * 1024;
const maxOutputBytes = 16 * 1024 * 1024;

/** @throws OperationError INVALID_ARGUMENT naming what is wrong. */
export function checkRunSpec(spec: RunSpec): void {
  const wrong = (message: string): never => {
    throw new OperationError('INVALID_ARGUMENT', message);
  };
  if (spec.argv.length === 0 && spec.script === '') wrong('There is nothing to run: give argv or script.');
  if (spec.argv.length > 0 && spec.script !== '') wrong('Give argv or script, not both.');
  if (Buffer.byteLength(spec.script) > maxScriptBytes) wrong(`script must be at most ${maxScriptBytes} bytes.`);
  if (spec.interpreter !== '' && spec.script === '') wrong('interpreter is for scripts.');
  if (spec.interpreter !== '' && !spec.interpreter.startsWith('/')) wrong('interpreter must be an absolute path.');
  if (spec.timeoutMs > maxTimeoutMs) wrong(`timeout_ms must be at most ${maxTimeoutMs}.`);
  if (Number(spec.maxOutputBytes) > maxOutputBytes) wrong(`max_output_bytes must be at most ${maxOutputBytes}.`);
}

/** The spec's own title, else the first line of what is run. */
export function titleOf(spec: RunSpec): string {
  const firstLine =
    spec.script.split('\n').find((line) => line.trim() !== '' && !line.startsWith('#')) ?? spec.script.split('\n')[0];
  const text = spec.title || (spec.argv.length > 0 ? spec.argv.join(' ') : (firstLine ?? ''));
  return text.trim().slice(0, 200);
}

/** Where the script of a run lies in the guest while it runs. */
export function scriptPath(runId: string): string {
  return `/tmp/.innkeeper-run-${runId}`;
}

/** The process of a run in a guest. Its id is the run's, so that a daemon started anew finds it. */
export function processSpec(runId: string, spec: RunSpec): MessageInitShape<typeof ProcessSpecSchema> {
  return {
    id: processId(runId),
    argv: spec.script === '' ? spec.argv : [...interpreterOf(spec), scriptPath(runId)],
    workingDirectory: spec.workingDirectory,
    environment: spec.environment,
    user: spec.user,
    group: spec.group,
    timeoutMs: timeoutMsOf(spec),
    maxOutputBytes: BigInt(outputBytesOf(spec)),
  };
}

/** Milliseconds that a process of this run gets. */
export function timeoutMsOf({ timeoutMs }: RunSpec): number {
  return timeoutMs === 0 ? defaultTimeoutMs : timeoutMs;
}

/** Bytes of output that are kept of each target. */
export function outputBytesOf({ maxOutputBytes: bytes }: RunSpec): number {
  return bytes === 0n ? defaultOutputBytes : Number(bytes);
}

export function processId(runId: string): string {
  return `run-${runId}`;
}

/** As the kernel reads a first line "#!PROGRAM ARGUMENT" (execve(2)), so that it also works where /tmp is noexec. */
function interpreterOf({ interpreter, script }: RunSpec): string[] {
  if (interpreter !== '') return [interpreter];
  const [, program, argument] = /^#!\s*(\/\S+)[ \t]*([^\n]*)/.exec(script) ?? [];
  if (program === undefined) return ['/bin/sh'];
  const trimmed = argument?.trim() ?? '';
  return trimmed === '' ? [program] : [program, trimmed];
}
