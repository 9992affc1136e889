import { AgentState } from '@innkeeper/contract/control';
import type { JSX } from 'react';
import { Link } from 'react-router';
import { isBooting, needsAttention } from '../../components/agent-view.ts';
import { TimeAgo } from '../../components/time-ago.tsx';
import { unknownReason } from '../../components/unknown-reason.ts';
import { vmPath } from '../../components/vm-path.ts';
import { IdentityCard } from './overview/identity-card.tsx';
import { InterfacesCard } from './overview/interfaces-card.tsx';
import { MountsCard } from './overview/mounts-card.tsx';
import { UsageCard } from './overview/usage-card.tsx';
import { UsersCard } from './overview/users-card.tsx';
import type { VmTabProps } from './vm-tab.ts';

/** Identity and current usage of the VM. */
export function OverviewTab({ vm }: VmTabProps): JSX.Element {
  const { agent, telemetry } = vm;
  const connected = agent?.state === AgentState.CONNECTED;
  return (
    <>
      {!connected && (
        <div className={needsAttention(vm) ? 'vm-note warn' : 'vm-note'} role="status">
          {isBooting(vm) ? 'The guest is booting; its agent has not connected yet.' : unknownReason(agent)}{' '}
          {needsAttention(vm) && agent?.nextStep}{' '}
          {agent?.telemetryUnixNs !== undefined && telemetry !== undefined && (
            <>
              The figures below are from the last report, <TimeAgo unixNs={agent.telemetryUnixNs} />.{' '}
            </>
          )}
          <Link to={vmPath(vm.name, 'agent')}>About the agent</Link>
        </div>
      )}
      <div className={connected ? 'vm-cards' : 'vm-cards stale'}>
        <UsageCard vm={vm} />
        <IdentityCard vm={vm} />
        <MountsCard vm={vm} />
        <InterfacesCard vm={vm} />
        <UsersCard vm={vm} />
      </div>
    </>
  );
}
