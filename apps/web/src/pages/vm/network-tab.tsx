import { type ConfiguredInterface, type NetworkReport, NetworkPhase as Phase } from '@innkeeper/contract/agent';
import { quoteWord } from '@innkeeper/kit';
import { Button } from '@mantine/core';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { type JSX, useState } from 'react';
import { guest } from '../../api/guest.ts';
import { hasPrivilege, useMe } from '../../api/session.ts';
import { Card } from '../../components/card.tsx';
import { DataTable } from '../../components/data-table.tsx';
import { ErrorNote } from '../../components/error-note.tsx';
import { Fields } from '../../components/fields.tsx';
import { InnCommand } from '../../components/inn-command.tsx';
import { Omitted } from '../../components/omitted.tsx';
import { Badge } from '../../components/vm-badges.tsx';
import { CapabilityMissing, lacksCapability } from './capability-missing.tsx';
import { GuestUnavailable, isGuestUnavailable } from './guest-unavailable.tsx';
import { ChangeCard } from './network/change-card.tsx';
import { ConfigureDialog } from './network/configure-dialog.tsx';
import type { VmTabProps } from './vm-tab.ts';

const refreshMs = 10_000;
/** While a change is in progress. */
const changingRefreshMs = 2000;

/** The guest's interfaces, routes and name servers, and changes of them. */
export function NetworkTab({ vm }: VmTabProps): JSX.Element {
  const { me } = useMe();
  const [configured, setConfigured] = useState<ConfiguredInterface>();
  const missing = lacksCapability(vm, 'network');
  const connected = !isGuestUnavailable(vm);
  const { data, error, refetch } = useQuery({
    queryKey: ['network', vm.id],
    queryFn: ({ signal }) => guest.networks.show(vm.id, { signal }),
    refetchInterval: ({ state }) => (isInProgress(state.data) ? changingRefreshMs : refreshMs),
    placeholderData: keepPreviousData,
    structuralSharing: false,
    enabled: connected && !missing,
  });
  if (missing) return <CapabilityMissing vm={vm} name="network" feature="Changes of the network" />;
  // A change that cuts the guest off does not cut its agent off, so its confirmation stays on the page.
  if (!connected && data === undefined) return <GuestUnavailable vm={vm} feature="The network" />;
  const refusal = hasPrivilege(me, 'guest.admin', vm) ? undefined : 'You lack the privilege guest.admin on this VM';
  return (
    <>
      {error !== null && (
        <ErrorNote title="The network could not be read" error={error} onRetry={() => void refetch()} />
      )}
      {data !== undefined && (
        <div className="vm-cards">
          {data.change !== undefined && (
            <ChangeCard vm={vm} change={data.change} refusal={refusal} onEnd={() => refetch()} />
          )}
          <Card title="Name servers" aside={<InnCommand command={`inn network show ${quoteWord(vm.name)}`} />}>
            <Fields
              entries={{
                'Kept by': data.manager === '' ? 'nothing known: only temporary changes are possible' : data.manager,
                'Name servers': data.dns.length === 0 ? 'none' : data.dns.join(', '),
                'Search domains': data.search.length === 0 ? undefined : data.search.join(', '),
              }}
            />
          </Card>
          <InterfaceTable report={data} refusal={refusal ?? changeInProgress(data)} onConfigure={setConfigured} />
        </div>
      )}
      {data !== undefined && configured !== undefined && (
        <ConfigureDialog
          vm={vm}
          report={data}
          card={configured}
          onClose={() => {
            setConfigured(undefined);
            void refetch();
          }}
        />
      )}
    </>
  );
}

function InterfaceTable({
  report,
  refusal,
  onConfigure,
}: {
  readonly report: NetworkReport;
  readonly refusal: string | undefined;
  readonly onConfigure: (card: ConfiguredInterface) => void;
}): JSX.Element {
  return (
    <Card title="Interfaces" className="wide">
      <DataTable
        label="Interfaces"
        rows={report.interfaces}
        rowKey={({ name }) => name}
        empty="The guest has no interface but the loopback."
        columns={[
          {
            label: 'Name',
            cell: ({ name, up, macAddress }) => (
              <Badge tone={up ? 'ok' : 'idle'} hint={`${up ? 'up' : 'down'}\n${macAddress}`}>
                {name}
              </Badge>
            ),
          },
          { label: 'Addresses', cell: ({ addresses }) => <Lines lines={addresses} /> },
          {
            label: 'Routes',
            cell: ({ routes }) => (
              <Lines
                lines={routes.map(({ destination, gateway }) => {
                  const to = destination === '0.0.0.0/0' || destination === '::/0' ? 'default' : destination;
                  return gateway === '' ? to : `${to} via ${gateway}`;
                })}
              />
            ),
          },
          { label: 'MTU', right: true, cell: ({ mtu }) => mtu },
          {
            label: 'Action',
            right: true,
            cell: (card) => (
              <span data-hint={refusal}>
                <Button
                  size="xs"
                  variant="default"
                  aria-label={`Configure ${card.name}`}
                  disabled={refusal !== undefined}
                  onClick={() => onConfigure(card)}
                >
                  Configure
                </Button>
              </span>
            ),
          },
        ]}
      />
      <Omitted count={report.interfacesOmitted} what="interfaces." />
    </Card>
  );
}

function Lines({ lines }: { readonly lines: readonly string[] }): JSX.Element {
  if (lines.length === 0) return <span className="dim">none</span>;
  return (
    <>
      {lines.map((line) => (
        <div key={line} className="mono">
          {line}
        </div>
      ))}
    </>
  );
}

function isInProgress(report: NetworkReport | undefined): boolean {
  const phase = report?.change?.phase;
  return phase === Phase.APPLYING || phase === Phase.PENDING || phase === Phase.ROLLING_BACK;
}

function changeInProgress(report: NetworkReport): string | undefined {
  return isInProgress(report) ? 'A change is in progress' : undefined;
}
