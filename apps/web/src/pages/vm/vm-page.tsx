import type { Vm } from '@innkeeper/contract/control';
import { type JSX, useEffect } from 'react';
import { Link, useLocation, useNavigate, useParams } from 'react-router';
import { hasPrivilege, useMe } from '../../api/session.ts';
import { useNode } from '../../api/use-node.ts';
import { EmptyState } from '../../components/empty-state.tsx';
import { ErrorNote } from '../../components/error-note.tsx';
import { Page } from '../../components/page.tsx';
import { TabBar } from '../../components/tab-bar.tsx';
import { AgentBadge, VmStateBadge } from '../../components/vm-badges.tsx';
import { vmPath } from '../../components/vm-path.ts';
import { LoadingSlot } from '../../lazy-page.tsx';
import { useLive } from '../../live/use-live.ts';
import { useOperations } from '../../live/use-operations.ts';
import { NotFoundPage } from '../not-found-page.tsx';
import { FreezeBadge } from './freeze-badge.tsx';
import { VmActions } from './vm-actions.tsx';
import type { VmTab } from './vm-tab.ts';
import { vmTabs } from './vm-tabs.ts';

/** One VM: name, state, actions and tabs. */
export function VmPage(): JSX.Element {
  const { vm: name = '', tab } = useParams();
  const { search } = useLocation();
  const navigate = useNavigate();
  const { data: vm, dataKey, error } = useLive('vm', { case: 'vm', value: { vm: name } }, name);
  const isRenamed = vm !== undefined && dataKey === name && vm.name !== name && vm.id !== name;
  const renamed = isRenamed ? `${vmPath(vm.name, tab)}${search}` : undefined;
  useEffect(() => {
    // Under the old address a reload would find no VM.
    if (renamed !== undefined) void navigate(renamed, { replace: true });
  }, [renamed, navigate]);
  // While this VM is loading, `vm` may still be another one.
  if (vm !== undefined && dataKey === name && error === undefined) return <VmView vm={vm} />;
  return (
    <Page title={name}>
      {error !== undefined && (
        <>
          <ErrorNote title={`"${name}" could not be loaded`} error={error} />
          <p>
            <Link to="/vms">All VMs</Link>
          </p>
        </>
      )}
    </Page>
  );
}

function VmView({ vm }: { readonly vm: Vm }): JSX.Element {
  const { tab: key = 'overview' } = useParams();
  const { me } = useMe();
  const newest = useNode()?.agentVersion ?? '';
  const tab = vmTabs.find((each) => each.key === key);
  if (tab === undefined) return <NotFoundPage />;
  const { component: Tab, fill = false, label } = tab;
  const missing = ({ privilege }: VmTab): string | undefined =>
    privilege === undefined || hasPrivilege(me, privilege, vm)
      ? undefined
      : `You lack the privilege ${privilege} on this VM`;
  const missingHere = missing(tab);
  return (
    <Page
      title={vm.name}
      windowTitle={key === 'overview' ? vm.name : `${label} · ${vm.name}`}
      fill={fill}
      aside={
        <>
          <VmStateBadge vm={vm} />
          <span className="dim">agent</span>
          <AgentBadge vm={vm} newest={newest} />
          <FreezeBadge vm={vm} />
          {vm.operationId !== '' && <OperationChip id={vm.operationId} />}
        </>
      }
      actions={<VmActions vm={vm} />}
    >
      <TabBar
        label={`Tabs of ${vm.name}`}
        active={key}
        tabs={vmTabs.map((each) => ({
          key: each.key,
          label: each.label,
          path: vmPath(vm.name, each.key === 'overview' ? undefined : each.key),
          disabled: missing(each),
        }))}
      />
      {vm.stateDetail !== '' && key === 'overview' && <pre className="vm-detail">{vm.stateDetail}</pre>}
      {missingHere === undefined ? (
        <LoadingSlot key={key}>
          <Tab vm={vm} />
        </LoadingSlot>
      ) : (
        <EmptyState title={`No access to ${label}`}>{missingHere}. A user administrator can grant it.</EmptyState>
      )}
    </Page>
  );
}

/** The operation in progress on a VM: its stage and progress. */
function OperationChip({ id }: { readonly id: string }): JSX.Element {
  const operation = useOperations().data?.operations.find((each) => each.id === id);
  const progress = operation?.progress;
  return (
    <Link to={`/operations?id=${id}`} className="operation-chip">
      {operation === undefined || operation.stage === '' ? 'working' : operation.stage}
      {progress !== undefined && <span className="number">{Math.round(progress * 100)} %</span>}
    </Link>
  );
}
