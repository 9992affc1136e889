import type { Event } from '@innkeeper/contract/control';
import type { JSX } from 'react';
import { Link } from 'react-router';
import { dateOf, formatFullTime, formatTime } from '../format/format-time.ts';
import { vmPath } from './vm-path.ts';

export interface EventListProps {
  readonly events: readonly Event[];
  /** Text shown when there are no events. */
  readonly empty: string;
  /** Links each event to its VM; false on the VM's own page. Default: true. */
  readonly linked?: boolean;
}

const tones: readonly (readonly [RegExp, string])[] = [
  [/crashed|lost|failed|panicked/, 'bad'],
  [/connected|running|started|resumed/, 'ok'],
  [/absent/, 'warn'],
];

/** Describes an event. For most events the kind is enough. */
function eventText({ kind, message }: Event): string {
  const words = kind.replace('vm.', '').replace('.', ' ');
  // The kind has said so.
  const rest = message.replace(/^The guest’s kernel panicked: /, '');
  if (rest === '') return words;
  return kind === 'vm.deleted' || kind === 'vm.released' ? message : `${words}: ${rest}`;
}

/** A list of events, newest first. */
export function EventList({ events, empty, linked = true }: EventListProps): JSX.Element {
  if (events.length === 0) return <p className="dim event-list-none">{empty}</p>;
  return (
    <ol className="event-list">
      {events.map((event) => {
        const date = dateOf(event.timeUnixNs);
        const tone = tones.find(([pattern]) => pattern.test(event.kind))?.[1] ?? '';
        return (
          <li key={String(event.id)}>
            <time className="dim number" dateTime={date.toISOString()} data-hint={formatFullTime(date)}>
              {formatTime(date)}
            </time>
            <span className={`event-dot ${tone}`} aria-hidden="true" />
            <span className="event-text">
              {linked && event.vmName !== '' && (
                <>
                  <Link className="event-vm" to={vmPath(event.vmName)}>
                    {event.vmName}
                  </Link>{' '}
                </>
              )}
              {eventText(event)}
              {event.count > 1 && (
                <span className="dim number" data-hint={`First: ${formatFullTime(dateOf(event.firstTimeUnixNs))}`}>
                  {' '}
                  ×{event.count}
                </span>
              )}
            </span>
            <code className="dim event-kind">{event.kind}</code>
          </li>
        );
      })}
    </ol>
  );
}
