import { type QgaCommand, type QgaGuest, sessionCommands } from '@innkeeper/wire';
import { hex } from '../../hex.ts';
import type { ServingContext } from '../../serving/dialect.ts';
import { defaultFreezeLeaseMs, qgaVersion } from './qga-settings.ts';

/** What all sessions of an agent have in common: its clients come and go, and what they started stays. */
export interface QgaState extends QgaGuest {
  readonly byName: ReadonlyMap<string, QgaCommand>;
}

const states = new WeakMap<object, QgaState>();

/** The state of the agent that this session belongs to. */
export function qgaStateOf(context: ServingContext): QgaState {
  const known = states.get(context.identity);
  if (known !== undefined) return known;
  const state = createState(context);
  states.set(context.identity, state);
  return state;
}

function createState({ host, qga = {} }: ServingContext): QgaState {
  const commands: readonly QgaCommand[] = [...sessionCommands];
  return {
    version: qga.version ?? qgaVersion,
    freezeLeaseMs: qga.freezeLeaseMs ?? defaultFreezeLeaseMs,
    commands,
    byName: new Map(commands.map((command) => [command.name, command])),
    allows: (name) => qga.block?.includes(name) !== true && (qga.allow?.includes(name) ?? true),
    freshId: () => `qga-${hex(host.bytes.random(12))}`,
  };
}
