import type { DescMethod, Message } from '@bufbuild/protobuf';
import type { ExecuteScriptRequest } from '@innkeeper/contract/compute';
import type { StartRunRequest } from '@innkeeper/contract/control';
import type { WantedCommand } from '../access/allowed-commands.ts';
import { methodName } from './method-target.ts';

/**
 * What a call wants to have started in a guest, for tokens that have allowed commands. "later": it starts nothing.
 * Undefined: such a token may not call it, if it needs `guest.exec`.
 */
export function wantedCommand(method: DescMethod, message: Message): WantedCommand | 'later' | undefined {
  const name = methodName(method);
  // The service holds such a token to the runs that it started.
  if (name === 'RunService/WatchRun' || name === 'RunService/CancelRun') return 'later';
  if (name === 'VMService/ExecuteScript') {
    const { command, args, environment } = message as ExecuteScriptRequest;
    const isShell = args.length === 0;
    return { argv: [command, ...args], isShell, hasEnvironment: Object.keys(environment).length > 0 };
  }
  if (name !== 'RunService/StartRun') return undefined;
  const { spec } = message as StartRunRequest;
  return {
    argv: spec?.argv ?? [],
    isShell: spec === undefined || spec.script !== '' || spec.interpreter !== '',
    hasEnvironment: Object.keys(spec?.environment ?? {}).length > 0,
  };
}
