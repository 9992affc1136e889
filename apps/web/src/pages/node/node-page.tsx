import type { Node } from '@innkeeper/contract/control';
import { useQuery } from '@tanstack/react-query';
import type { JSX } from 'react';
import { api } from '../../api/api.ts';
import { Card } from '../../components/card.tsx';
import { CopyButton } from '../../components/copy-button.tsx';
import { ErrorNote } from '../../components/error-note.tsx';
import { Fields } from '../../components/fields.tsx';
import { InnCommand } from '../../components/inn-command.tsx';
import { Page } from '../../components/page.tsx';
import { TimeAgo } from '../../components/time-ago.tsx';
import { Unknown } from '../../components/unknown.tsx';
import { Badge } from '../../components/vm-badges.tsx';
import { HostCard } from './host-card.tsx';

const refreshMs = 5000;

/** The host that VMs run on, and its daemon. */
export function NodePage(): JSX.Element {
  const { data, error, refetch } = useQuery({
    queryKey: ['node', 'live'],
    queryFn: ({ signal }) => api.node.getNode({}, { signal }),
    refetchInterval: refreshMs,
  });
  return (
    <Page title="Node" aside={data !== undefined && <span className="dim">{data.name}</span>}>
      {error !== null && (
        <ErrorNote title="The node could not be loaded" error={error} onRetry={() => void refetch()} />
      )}
      {data !== undefined && (
        <div className="vm-cards">
          {data.usage !== undefined && <HostCard usage={data.usage} />}
          <AccelerationCard node={data} />
          <VersionsCard node={data} />
        </div>
      )}
    </Page>
  );
}

/** Whether guests run with KVM, or why not. */
function AccelerationCard({ node: { accelerator, acceleratorReason } }: { readonly node: Node }): JSX.Element {
  return (
    <Card title="Virtualization">
      <Fields
        entries={{
          KVM:
            accelerator === 'kvm' ? (
              <Badge tone="ok">in use</Badge>
            ) : (
              <Badge tone="warn">
                {accelerator === '' ? 'no hypervisor' : 'not used; guests are emulated, which is slow'}
              </Badge>
            ),
          Why: acceleratorReason === '' ? undefined : acceleratorReason,
        }}
      />
    </Card>
  );
}

function VersionsCard({ node }: { readonly node: Node }): JSX.Element {
  return (
    <Card title="Versions" aside={<InnCommand command="inn version" />}>
      <Fields
        entries={{
          Daemon: node.version,
          Agent: node.agentVersion === '' ? <Unknown reason="No agent was built." /> : node.agentVersion,
          QEMU: node.hypervisorVersion === '' ? <Unknown reason="QEMU was not found." /> : node.hypervisorVersion,
          Kernel: node.usage === undefined ? undefined : `${node.usage.kernelRelease} ${node.usage.architecture}`,
          System: node.usage?.osName === '' ? undefined : node.usage?.osName,
          Started: <TimeAgo unixNs={node.startedUnixNs} />,
          Process: node.pid,
          'Data folder': <code>{node.dataDirectory}</code>,
          Id: (
            <span className="row">
              <code>{node.id}</code>
              <CopyButton text={node.id} label="Copy the id" />
            </span>
          ),
        }}
      />
    </Card>
  );
}
