import type { JSX } from 'react';
import { Card } from '../../components/card.tsx';
import { ErrorNote } from '../../components/error-note.tsx';
import { EventList } from '../../components/event-list.tsx';
import { InnCommand } from '../../components/inn-command.tsx';
import { useLive } from '../../live/use-live.ts';
import type { VmTabProps } from './vm-tab.ts';

/** What happened to this VM. */
export function EventsTab({ vm }: VmTabProps): JSX.Element {
  const { data, error } = useLive('events', { case: 'events', value: { vm: vm.id, limit: 300 } }, `events ${vm.id}`);
  return (
    <Card title="Events" beside={<InnCommand command={`inn events ${vm.name}`} />}>
      {error !== undefined && <ErrorNote title="The events cannot be shown" error={error} />}
      {data !== undefined && <EventList events={data.events} empty="Nothing has happened yet." linked={false} />}
    </Card>
  );
}
