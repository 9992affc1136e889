import type { ServerResponse } from 'node:http';
import { assertCommandAllowed } from '../../access/allowed-commands.ts';
import type { HttpApiContext } from '../api-context.ts';
import { runGuestCommand, truncatedText } from './guest-command.ts';
import { JsonBody } from './json-body.ts';

/** POST /api/vms/{vm}/execute: runs a command as a user with their groups, and responds when it has ended. */
export async function executeRoute({ vm, call, request, response, signal }: HttpApiContext): Promise<void> {
  const body = await JsonBody.read(request, signal);
  const command = {
    command: body.text('command'),
    args: body.texts('args'),
    timeoutSeconds: body.count('timeoutSeconds'),
    workingDirectory: body.text('workingDirectory'),
    environment: body.map('environment'),
    user: body.text('runAsUser'),
    group: body.text('runAsGroup'),
    supplementaryGroups: body.flag('includeSupplementaryGroups', true),
  };
  const argv = command.args.length > 0 ? [command.command, ...command.args] : [];
  assertCommandAllowed(call.caller, {
    argv,
    isShell: argv.length === 0,
    hasEnvironment: Object.keys(command.environment).length > 0,
  });
  call.note({ command: command.command.slice(0, 1024), args: argv.slice(1), user: command.user });
  await call.intend();
  const { truncated, ...result } = await runGuestCommand(await vm.agent({ signal }), command, signal);
  call.note({ exitCode: result.exitCode });
  answerJson(response, { success: result.exitCode === 0, ...result, error: truncated ? truncatedText : '' });
}

/** Responds with status 200 and this value as JSON. */
export function answerJson(response: ServerResponse, value: unknown): void {
  response.writeHead(200, { 'content-type': 'application/json' });
  response.end(JSON.stringify(value));
}
