import type { MessageInitShape } from '@bufbuild/protobuf';
import type { ExecExited, ProcessSpecSchema } from '@innkeeper/contract/agent';
import { ExecEnding, OutputStream, ProcessServiceLite } from '@innkeeper/contract/agent-lite';
import type { ExecuteRequest, ExecuteResponseSchema } from '@innkeeper/contract/agent-message';
import { ExecuteResponseLite } from '@innkeeper/contract/agent-message-lite';
import {
  executeResponseStderrTag,
  executeResponseStdoutTag,
  agentMessageExecuteResponseTag as tag,
} from '@innkeeper/contract/agent-message-tags';
import { OperationError } from '@innkeeper/contract/errors';
import { liteDecode, liteEncode } from '@innkeeper/contract/lite';
import type { Allowance } from '../byte-budget.ts';
import { errorText } from './error-text.ts';
import {
  defaultExecTimeoutSeconds,
  defaultOutputBytes,
  type GuestLimits,
  maxExecTimeoutSeconds,
  maxOutputBytes,
} from './limits.ts';
import type { AgentMessageCall } from './reply.ts';
import { type AgentMessageReply, bulkField } from './reply.ts';
import { Utf8Text } from './utf8-text.ts';

const method = ProcessServiceLite.exec;
/** Milliseconds that the kill at the timeout and the last output may take in addition. */
const graceMs = 15_000;

/**
 * execute to Exec. A command without arguments runs with /bin/sh -c. Without `wait_for_exit` the response comes when
 * the process has started, and its output is dropped.
 * @param processId a fresh id for the process.
 * @param allowance memory for the output; beyond it the response has `truncated`.
 */
export function executeCall(
  request: ExecuteRequest,
  processId: string,
  allowance: Allowance,
  limits: GuestLimits = {},
): AgentMessageCall {
  const timeoutMs = execTimeoutMs(request, limits.maxExecTimeoutSeconds ?? maxExecTimeoutSeconds);
  const limitBytes =
    request.maxOutputBytes === 0 ? defaultOutputBytes : Math.min(request.maxOutputBytes, maxOutputBytes);
  const stdout = new Utf8Text(limitBytes, allowance);
  const stderr = new Utf8Text(limitBytes, allowance);
  let started = false;
  let exited: ExecExited | undefined;
  return {
    method: method.name,
    timeoutMs: timeoutMs === 0 ? graceMs : timeoutMs + graceMs,
    requests: () => {
      const start = processSpec(request, processId, timeoutMs);
      return [liteEncode(method.input, { input: { case: 'start', value: start } })];
    },
    take: (body) => {
      const { event } = liteDecode(method.output, body);
      if (event.case === 'started') started = true;
      else if (event.case === 'output') {
        const text = event.value.stream === OutputStream.STDERR ? stderr : stdout;
        text.append(event.value.data);
      } else if (event.case === 'exited') exited = event.value;
      return started && !request.waitForExit;
    },
    finish: (error) => {
      if (error !== undefined) return failure(error);
      if (!request.waitForExit) return started ? response({}) : failure(endedEarly());
      if (exited === undefined) return failure(endedEarly());
      stdout.end();
      stderr.end();
      return finished(exited, stdout, stderr);
    },
  };
}

function processSpec(
  request: ExecuteRequest,
  id: string,
  timeoutMs: number,
): MessageInitShape<typeof ProcessSpecSchema> {
  const command =
    request.args.length === 0 ? { shellCommand: request.command } : { argv: [request.command, ...request.args] };
  return {
    id,
    ...command,
    workingDirectory: request.workingDirectory,
    environment: request.environment,
    user: request.runAsUser,
    group: request.runAsGroup,
    // Without a user the process keeps the agent's groups.
    noSupplementaryGroups: request.runAsUser !== '' && !request.includeSupplementaryGroups,
    timeoutMs,
    neverWaitForReader: !request.waitForExit,
  };
}

/** 0 (never) only for a process that is not waited for. */
function execTimeoutMs({ timeoutSeconds, waitForExit }: ExecuteRequest, maxSeconds: number): number {
  if (timeoutSeconds > 0) return Math.min(timeoutSeconds, maxSeconds) * 1000;
  return waitForExit ? Math.min(defaultExecTimeoutSeconds, maxSeconds) * 1000 : 0;
}

function endedEarly(): OperationError {
  return new OperationError('INTERNAL', 'The call ended before the process.');
}

/** A process ended by a signal has the exit code -1. */
function finished(exited: ExecExited, stdout: Utf8Text, stderr: Utf8Text): AgentMessageReply {
  const exitCode = exited.status.case === 'exitCode' ? exited.status.value : -1;
  const rest = {
    truncated: stdout.truncated || stderr.truncated || exited.truncated,
    timedOut: exited.ending === ExecEnding.TIMEOUT,
    durationMs: exited.durationMs,
  };
  return {
    tag,
    parts: [
      liteEncode(ExecuteResponseLite, { exitCode }),
      ...bulkField(executeResponseStdoutTag, stdout.parts),
      ...bulkField(executeResponseStderrTag, stderr.parts),
      liteEncode(ExecuteResponseLite, rest),
    ],
  };
}

function failure(error: OperationError): AgentMessageReply {
  return response({ exitCode: -1, timedOut: error.reason === 'DEADLINE_EXCEEDED', error: errorText(error) });
}

function response(value: MessageInitShape<typeof ExecuteResponseSchema>): AgentMessageReply {
  return { tag, parts: [liteEncode(ExecuteResponseLite, value)] };
}
