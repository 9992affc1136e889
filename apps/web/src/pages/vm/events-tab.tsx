import type { JSX } from 'react';
import { Card } from '../../components/card.tsx';
import { ErrorNote } from '../../components/error-note.tsx';
import { EventList } from '../../components/event-list.tsx';
import { InnCommand } from '../../components/inn-command.tsx';
import { useLive } from '../../live/use-live.ts';
import type { VmTabProps } from './vm-tab.ts';

/** The events of this VM. */
export function EventsTab({ vm }: VmTabProps): JSX.Element {
  const { data, error } = useLive('events', { case: 'events', value: { vm: vm.id, limit: 300 } }, `events ${vm.id}`);
  return (
    <Card title="Events" aside={<InnCommand command={`inn events ${vm.name}`} />}>
      {error !== undefined && <ErrorNote title="The events could not be loaded" error={error} />}
      {data !== undefined && <EventList events={data.events} empty="No events yet." linked={false} />}
    </Card>
  );
}
