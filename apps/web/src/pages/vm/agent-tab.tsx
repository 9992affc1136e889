import { AgentState } from '@innkeeper/contract/control';
import { Button } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { JSX } from 'react';
import { api } from '../../api/api.ts';
import { useNode } from '../../api/use-node.ts';
import { needsAttention } from '../../components/agent-view.ts';
import { Card } from '../../components/card.tsx';
import { DataTable } from '../../components/data-table.tsx';
import { ErrorNote } from '../../components/error-note.tsx';
import { Fields } from '../../components/fields.tsx';
import { InnCommand } from '../../components/inn-command.tsx';
import { ReportAge } from '../../components/report-age.tsx';
import { TimeAgo } from '../../components/time-ago.tsx';
import { Unknown } from '../../components/unknown.tsx';
import { asSentence } from '../../components/unknown-reason.ts';
import { AgentBadge } from '../../components/vm-badges.tsx';
import { formatBytes } from '../../format/format-bytes.ts';
import { AgentUpdate } from './agent/agent-update.tsx';
import { lacksCapability } from './capability-missing.tsx';
import { DiagnosisList } from './diagnosis-list.tsx';
import type { VmTabProps } from './vm-tab.ts';

/** The agent: state, capabilities and resource usage; and if it is not connected, why. */
export function AgentTab({ vm }: VmTabProps): JSX.Element {
  const newest = useNode()?.agentVersion ?? '';
  const { agent, system, telemetry } = vm;
  const cost = telemetry?.agent;
  const isConnected = agent?.state === AgentState.CONNECTED;
  const none = <Unknown reason={isConnected ? 'The agent does not report it.' : 'The agent has never connected.'} />;
  // Another program than Innkeeper's agent has no version that could be compared.
  const isForeign = vm.driver === 'adopted' && lacksCapability(vm, 'update');
  return (
    <div className="vm-cards">
      <Card title="Agent" aside={<ReportAge vm={vm} />}>
        {agent?.detail !== undefined && agent.detail !== '' && (
          <p className={needsAttention(vm) ? 'agent-why warn' : 'agent-why'}>
            {asSentence(agent.detail)} <strong>{agent.nextStep}</strong>
          </p>
        )}
        <Fields
          entries={{
            State: <AgentBadge vm={vm} newest={newest} />,
            Version: agent?.version ? agent.version : none,
            'Daemon’s version': newest === '' || isForeign ? undefined : newest,
            'Last seen': agent?.lastSeenUnixNs === undefined ? none : <TimeAgo unixNs={agent.lastSeenUnixNs} />,
            'Last report': agent?.telemetryUnixNs === undefined ? none : <TimeAgo unixNs={agent.telemetryUnixNs} />,
            Boot: agent?.bootId ? <code>{agent.bootId}</code> : none,
            Memory: cost?.rssBytes === undefined ? none : formatBytes(cost.rssBytes),
            'CPU time': cost?.cpuTimeUs === undefined ? none : `${(Number(cost.cpuTimeUs) / 1e6).toFixed(2)} s`,
            Abandoned:
              cost === undefined || cost.abandonedHelpers === 0 ? undefined : `${cost.abandonedHelpers} helpers`,
          }}
        />
        <AgentUpdate vm={vm} newest={newest} />
      </Card>
      <Doctor vm={vm.id} name={vm.name} automatic={needsAttention(vm)} />
      <Card title="Capabilities" className="wide">
        <div className="capabilities">
          {(agent?.capabilities ?? []).map((name) => (
            <code key={name}>{name}</code>
          ))}
          {agent?.capabilities.length === 0 && <span className="dim">Not reported yet.</span>}
        </div>
        {system !== undefined && system.missingCapabilities.length > 0 && (
          <DataTable
            label="Missing capabilities"
            rows={system.missingCapabilities}
            rowKey={({ name }) => name}
            empty=""
            columns={[
              { label: 'Not available in this guest', cell: ({ name }) => <code>{name}</code> },
              { label: 'Reason', cell: ({ reason }) => reason },
            ]}
          />
        )}
      </Card>
    </div>
  );
}

/** Checks step by step why the agent does not respond; runs automatically if it should respond and does not. */
function Doctor({
  vm,
  name,
  automatic,
}: {
  readonly vm: string;
  readonly name: string;
  readonly automatic: boolean;
}): JSX.Element {
  const { data, error, isFetching, refetch } = useQuery({
    queryKey: ['diagnose', vm],
    queryFn: ({ signal }) => api.vms.diagnose({ vm }, { signal }),
    enabled: automatic,
    staleTime: 30_000,
  });
  return (
    <Card title="Doctor" aside={<InnCommand command={`inn doctor ${name}`} />}>
      {error !== null && <ErrorNote title="The checks could not be run" error={error} />}
      {data === undefined && !isFetching && (
        <p className="dim">Checks every step from the host to the guest to find out why the agent does not respond.</p>
      )}
      {data !== undefined && <DiagnosisList diagnosis={data} />}
      <Button variant="default" size="sm" loading={isFetching} onClick={() => void refetch()}>
        {data === undefined ? 'Check' : 'Check again'}
      </Button>
    </Card>
  );
}
