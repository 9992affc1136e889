import type { ExecExited } from '@innkeeper/contract/agent';
import { OutputStream, ProcessServiceLite } from '@innkeeper/contract/agent-lite';
import { OperationError } from '@innkeeper/contract/errors';
import { liteDecode, liteEncode } from '@innkeeper/contract/lite';
import { ByteBudget } from '../byte-budget.ts';
import { outputBytes, reservedErrorBytes } from './limits.ts';
import { OutputText } from './output-text.ts';
import { type JsonCall, type JsonReply, jsonErrorReply } from './reply.ts';
import { type Fields, textField, textsField } from './request-fields.ts';

const method = ProcessServiceLite.exec;
const encoder = new TextEncoder();

/**
 * exec to Exec, of a program and never of a line for a shell, without a timeout, which this dialect does not have. Output
 * that does not fit into a frame is cut, and its end says so; the program runs on to its end.
 */
export function execCall(fields: Fields, freshId: string): JsonCall {
  const argv = [textField(fields, 'command'), ...textsField(fields, 'args')];
  const shared = new ByteBudget(outputBytes - reservedErrorBytes).open();
  const stdout = new OutputText(shared);
  const stderr = new OutputText(shared, new ByteBudget(reservedErrorBytes).open());
  let exited: ExecExited | undefined;
  return {
    method: method.name,
    timeoutMs: 0,
    requests: () => [liteEncode(method.input, { input: { case: 'start', value: { id: freshId, argv } } })],
    take: (body) => {
      const { event } = liteDecode(method.output, body);
      if (event.case === 'output') {
        const text = event.value.stream === OutputStream.STDERR ? stderr : stdout;
        text.append(event.value.data);
      } else if (event.case === 'exited') exited = event.value;
      return false;
    },
    finish: (error) => {
      if (exited === undefined || error !== undefined)
        return jsonErrorReply(error ?? new OperationError('INTERNAL', 'The call ended before the process.'));
      stdout.end();
      stderr.end();
      return response(exited, stdout, stderr);
    },
  };
}

/** A process that a signal ended has the exit code -1. */
function response({ status }: ExecExited, stdout: OutputText, stderr: OutputText): JsonReply {
  const exitCode = status.case === 'exitCode' ? status.value : -1;
  return [
    encoder.encode(`{"status":"ok","exit_code":${exitCode},"stdout":"`),
    ...stdout.parts,
    encoder.encode('","stderr":"'),
    ...stderr.parts,
    encoder.encode('"}'),
  ];
}
