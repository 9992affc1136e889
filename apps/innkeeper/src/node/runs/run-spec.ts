import type { MessageInitShape } from '@bufbuild/protobuf';
import { OperationError } from '@innkeeper/contract';
import type { ProcessSpecSchema } from '@innkeeper/contract/agent';
import type { RunSpec } from '@innkeeper/contract/control';

/** Maximum length of a run's id; with a prefix it is the id of a process. */
export const maxRunIdChars = 60;
const maxScriptBytes = 1024 * 1024;
const defaultTimeoutMs = 60 * 60 * 1000;
const maxTimeoutMs = 24 * defaultTimeoutMs;
const defaultOutputBytes = 1024 * 1024;
const maxOutputBytes = 16 * 1024 * 1024;

/** @throws OperationError INVALID_ARGUMENT naming the problem. */
export function checkRunSpec(spec: RunSpec): void {
  const wrong = (message: string): never => {
    throw new OperationError('INVALID_ARGUMENT', message);
  };
  if (spec.argv.length === 0 && spec.script === '') wrong('Nothing to run: give argv or script.');
  if (spec.argv.length > 0 && spec.script !== '') wrong('Give argv or script, not both.');
  if (Buffer.byteLength(spec.script) > maxScriptBytes) wrong(`script must be at most ${maxScriptBytes} bytes.`);
  if (spec.interpreter !== '' && spec.script === '') wrong('interpreter requires script.');
  if (spec.interpreter !== '' && !spec.interpreter.startsWith('/')) wrong('interpreter must be an absolute path.');
  if (spec.timeoutMs > maxTimeoutMs) wrong(`timeout_ms must be at most ${maxTimeoutMs}.`);
  if (Number(spec.maxOutputBytes) > maxOutputBytes) wrong(`max_output_bytes must be at most ${maxOutputBytes}.`);
}

/** The spec's title, or the first line of the command or script. */
export function titleOf(spec: RunSpec): string {
  const firstLine =
    spec.script.split('\n').find((line) => line.trim() !== '' && !line.startsWith('#')) ?? spec.script.split('\n')[0];
  const text = spec.title || (spec.argv.length > 0 ? spec.argv.join(' ') : (firstLine ?? ''));
  return text.trim().slice(0, 200);
}

/** Path of a run's script in the guest while it runs. */
export function scriptPath(runId: string): string {
  return `/tmp/.innkeeper-run-${runId}`;
}

/** The process of a run in a guest. Its id is the run's, so that a restarted daemon finds it. */
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

/** Timeout of a process of this run, in milliseconds. */
export function timeoutMsOf({ timeoutMs }: RunSpec): number {
  return timeoutMs === 0 ? defaultTimeoutMs : timeoutMs;
}

/** Maximum retained output of each target, in bytes. */
export function outputBytesOf({ maxOutputBytes: bytes }: RunSpec): number {
  return bytes === 0n ? defaultOutputBytes : Number(bytes);
}

export function processId(runId: string): string {
  return `run-${runId}`;
}

/** Parses a first line "#!PROGRAM ARGUMENT" like the kernel (execve(2)), so that scripts work even if /tmp is noexec. */
function interpreterOf({ interpreter, script }: RunSpec): string[] {
  if (interpreter !== '') return [interpreter];
  const [, program, argument] = /^#!\s*(\/\S+)[ \t]*([^\n]*)/.exec(script) ?? [];
  if (program === undefined) return ['/bin/sh'];
  const trimmed = argument?.trim() ?? '';
  return trimmed === '' ? [program] : [program, trimmed];
}
