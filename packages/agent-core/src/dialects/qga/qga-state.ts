import { type QgaCommand, type QgaGuest, qgaCommands } from '@innkeeper/wire';
import type { Dispatcher } from '../../dispatch.ts';
import { hex } from '../../hex.ts';
import type { ServingContext } from '../../serving/dialect.ts';
import type { ContentCommand } from './content-command.ts';
import { execCommands } from './exec-commands.ts';
import { ExecTable } from './exec-table.ts';
import { fileContentCommands } from './file-contents.ts';
import { defaultFreezeLeaseMs, qgaVersion } from './qga-settings.ts';

/** What all sessions of an agent have in common: its clients come and go, and what they started stays. */
export interface QgaState extends QgaGuest {
  readonly plain: ReadonlyMap<string, QgaCommand>;
  readonly withContents: ReadonlyMap<string, ContentCommand>;
  readonly execs: ExecTable;
}

const states = new WeakMap<object, QgaState>();

/** The state of the agent that this session belongs to. */
export function qgaStateOf(context: ServingContext, dispatcher: Dispatcher): QgaState {
  const known = states.get(context.identity);
  if (known !== undefined) return known;
  const state = createState(context, dispatcher);
  states.set(context.identity, state);
  return state;
}

function createState(
  { host, qga = {}, freeze, denial, unrepeatable }: ServingContext,
  dispatcher: Dispatcher,
): QgaState {
  const withContents: readonly ContentCommand[] = [...execCommands, ...fileContentCommands];
  const needs = new Map([...qgaCommands, ...withContents].map((command) => [command.name, command.needs]));
  const plain = new Map(qgaCommands.map((command) => [command.name, command]));
  const whyDenied = (name: string): string | undefined => {
    const reasons = (needs.get(name) ?? []).map((method) => denial(method));
    return reasons.includes(undefined) ? undefined : reasons[0];
  };
  return {
    version: qga.version ?? qgaVersion,
    freezeLeaseMs: qga.freezeLeaseMs ?? defaultFreezeLeaseMs,
    commands: [...qgaCommands, ...withContents],
    plain,
    withContents: new Map(withContents.map((command) => [command.name, command])),
    execs: new ExecTable(host, dispatcher, unrepeatable),
    whyDisabled: (name) => {
      // Only what does not write is allowed while frozen, and that whatever else forbids it: it has to be thawed.
      if (freeze.isFrozen) return plain.get(name)?.whileFrozen === true ? undefined : 'the agent is in frozen state';
      if (qga.block?.includes(name) === true || qga.allow?.includes(name) === false)
        return 'the command is not allowed';
      return whyDenied(name);
    },
    freshId: () => `qga-${hex(host.bytes.random(12))}`,
  };
}
