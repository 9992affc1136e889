import { RunState } from '@innkeeper/contract/control';
import type { JSX } from 'react';
import { Badge } from '../../components/vm-badges.tsx';

const looks = {
  [RunState.UNSPECIFIED]: ['idle', 'unknown'],
  [RunState.WAITING]: ['idle', 'waiting'],
  [RunState.RUNNING]: ['busy', 'running'],
  [RunState.SUCCEEDED]: ['ok', 'succeeded'],
  [RunState.FAILED]: ['bad', 'failed'],
  [RunState.CANCELED]: ['warn', 'cancelled'],
} as const satisfies Record<RunState, readonly [string, string]>;

type KnownState = keyof typeof looks;

/** The state of a run, or of one of its targets. */
export function RunStateBadge({ state }: { readonly state: RunState }): JSX.Element {
  const [tone, word] = looks[state in looks ? (state as KnownState) : RunState.UNSPECIFIED];
  return <Badge tone={tone}>{word}</Badge>;
}
