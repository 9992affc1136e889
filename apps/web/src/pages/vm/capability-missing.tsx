import type { CapabilityName } from '@innkeeper/contract/capabilities';
import type { Vm } from '@innkeeper/contract/control';
import type { JSX } from 'react';
import { Link } from 'react-router';
import { EmptyState } from '../../components/empty-state.tsx';
import { vmPath } from '../../components/vm-path.ts';

/** Whether the connected agent has said what it can do, and this is not among it. */
export function lacksCapability({ agent }: Vm, name: CapabilityName): boolean {
  return agent !== undefined && agent.capabilities.length > 0 && !agent.capabilities.includes(name);
}

/** Says why the guest does not have a feature: its reason, or that the agent is too old to know of it. */
export function CapabilityMissing({
  vm,
  name,
  feature,
}: {
  readonly vm: Vm;
  readonly name: CapabilityName;
  /** "Services" */
  readonly feature: string;
}): JSX.Element {
  const reason = vm.system?.missingCapabilities.find((each) => each.name === name)?.reason;
  return (
    <EmptyState
      title={`${feature} are not available in this guest`}
      action={<Link to={vmPath(vm.name, 'agent')}>All capabilities of the agent</Link>}
    >
      {reason === undefined
        ? `The agent ${vm.agent?.version ?? ''} lacks the capability ${name}: it is older than this feature.`
        : // Of another program than Innkeeper's agent, the node says it.
          `${vm.driver === 'adopted' ? '' : 'The agent reports: '}${reason}.`}
    </EmptyState>
  );
}
