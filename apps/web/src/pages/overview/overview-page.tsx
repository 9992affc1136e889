import type { Fleet } from '@innkeeper/contract/control';
import type { JSX } from 'react';
import { ErrorNote } from '../../components/error-note.tsx';
import { EventList } from '../../components/event-list.tsx';
import { Page } from '../../components/page.tsx';
import { useLive } from '../../live/use-live.ts';
import { areFirstStepsDone, FirstSteps } from './first-steps.tsx';
import { FleetCounts } from './fleet-counts.tsx';
import { TopList } from './top-list.tsx';

/** The state of the fleet at a glance. */
export function OverviewPage(): JSX.Element {
  const { data, error } = useLive('fleet', { case: 'fleet', value: {} }, 'fleet');
  return (
    <Page title="Overview">
      {error !== undefined && <ErrorNote title="The overview could not be loaded" error={error} />}
      {data !== undefined && <FleetView fleet={data} />}
    </Page>
  );
}

function FleetView({ fleet }: { readonly fleet: Fleet }): JSX.Element {
  return (
    <>
      {!areFirstStepsDone(fleet.doneSteps) && <FirstSteps done={fleet.doneSteps} vmName={fleet.topCpu[0]?.name} />}
      <FleetCounts fleet={fleet} />
      {fleet.vms > 0 && (
        <div className="overview-tops">
          <TopList title="CPU" sort="-cpu" vms={fleet.topCpu} figure="cpuPercent" />
          <TopList title="Memory" sort="-memory" vms={fleet.topMemory} figure="memoryPercent" />
          <TopList title="Fullest disk" sort="-disk" vms={fleet.topDisk} figure="diskPercent" />
        </div>
      )}
      <section className="card" aria-labelledby="last-events">
        <h2 id="last-events" className="card-title">
          Latest events
        </h2>
        <div className="card-body">
          <EventList events={fleet.events} empty="No events yet." />
        </div>
      </section>
    </>
  );
}
