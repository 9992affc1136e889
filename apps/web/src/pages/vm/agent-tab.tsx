import { AgentState } from '@innkeeper/contract/control';
import { Button } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { JSX } from 'react';
import { api } from '../../api/api.ts';
import { useNode } from '../../api/use-node.ts';
import { Card } from '../../components/card.tsx';
import { DataTable } from '../../components/data-table.tsx';
import { ErrorNote } from '../../components/error-note.tsx';
import { Fields } from '../../components/fields.tsx';
import { InnCommand } from '../../components/inn-command.tsx';
import { TimeAgo } from '../../components/time-ago.tsx';
import { Unknown } from '../../components/unknown.tsx';
import { AgentBadge } from '../../components/vm-badges.tsx';
import { formatBytes } from '../../format/format-bytes.ts';
import { DiagnosisList } from './diagnosis-list.tsx';
import type { VmTabProps } from './vm-tab.ts';

/** The agent itself: is it there, what can it do, what does it cost; and when it is not there, why. */
export function AgentTab({ vm }: VmTabProps): JSX.Element {
  const newest = useNode()?.agentVersion ?? '';
  const { agent, system, telemetry } = vm;
  const connected = agent?.state === AgentState.CONNECTED;
  const cost = telemetry?.agent;
  const none = <Unknown reason="It was never heard." />;
  return (
    <div className="vm-cards">
      <Card title="Agent">
        {agent?.detail !== undefined && agent.detail !== '' && (
          <p className="agent-why">
            {agent.detail} <strong>{agent.nextStep}</strong>
          </p>
        )}
        <Fields
          entries={{
            State: <AgentBadge vm={vm} newest={newest} />,
            Version: agent?.version ? agent.version : none,
            'The daemon’s': newest === '' ? undefined : newest,
            'Last seen': agent?.lastSeenUnixNs === undefined ? none : <TimeAgo unixNs={agent.lastSeenUnixNs} />,
            'Last report': agent?.telemetryUnixNs === undefined ? none : <TimeAgo unixNs={agent.telemetryUnixNs} />,
            Boot: agent?.bootId ? <code>{agent.bootId}</code> : none,
            Memory: cost?.rssBytes === undefined ? none : formatBytes(cost.rssBytes),
            'CPU time': cost?.cpuTimeUs === undefined ? none : `${(Number(cost.cpuTimeUs) / 1e6).toFixed(2)} s`,
            'Given up':
              cost === undefined || cost.abandonedHelpers === 0 ? undefined : `${cost.abandonedHelpers} helpers`,
          }}
        />
      </Card>
      <Doctor vm={vm.id} name={vm.name} automatic={!connected} />
      <Card title="What it can do" className="wide">
        <div className="capabilities">
          {(agent?.capabilities ?? []).map((name) => (
            <code key={name}>{name}</code>
          ))}
          {agent?.capabilities.length === 0 && <span className="dim">It has not said yet.</span>}
        </div>
        {system !== undefined && system.missingCapabilities.length > 0 && (
          <DataTable
            label="What it cannot do here"
            rows={system.missingCapabilities}
            rowKey={({ name }) => name}
            empty=""
            columns={[
              { label: 'Not in this guest', cell: ({ name }) => <code>{name}</code> },
              { label: 'Why', cell: ({ reason }) => reason },
            ]}
          />
        )}
      </Card>
    </div>
  );
}

/** Looks step by step for what keeps the agent from answering. By itself when it does not. */
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
    <Card title="Doctor" beside={<InnCommand command={`inn doctor ${name}`} />}>
      {error !== null && <ErrorNote title="The doctor could not look" error={error} />}
      {data === undefined && !isFetching && (
        <p className="dim">It looks from the host to the guest for what keeps the agent from answering.</p>
      )}
      {data !== undefined && <DiagnosisList diagnosis={data} />}
      <Button variant="default" size="sm" loading={isFetching} onClick={() => void refetch()}>
        {data === undefined ? 'Look' : 'Look again'}
      </Button>
    </Card>
  );
}
