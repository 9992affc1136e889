import { unitBootName, unitStateName } from '@innkeeper/client/browser';
import { UnitState } from '@innkeeper/contract/agent';
import { useQuery } from '@tanstack/react-query';
import { type JSX, memo, useState } from 'react';
import { guest } from '../../../api/guest.ts';
import { ErrorNote } from '../../../components/error-note.tsx';
import { InnCommand } from '../../../components/inn-command.tsx';
import { Unknown } from '../../../components/unknown.tsx';
import { formatBytes } from '../../../format/format-bytes.ts';
import { dateOf, formatFullTime, formatTime } from '../../../format/format-time.ts';
import { showName } from '../../../format/show-name.ts';
import { ServiceMenu, type ServiceMenuProps } from './service-menu.tsx';
import { serviceCommand } from './service-view.ts';

export interface ServiceRowsProps extends ServiceMenuProps {
  readonly vm: string;
  readonly vmName: string;
}

/** One service; what it is and the last lines of its log in a second row when expanded. */
export const ServiceRows = memo(function ServiceRows({ vm, vmName, ...menu }: ServiceRowsProps): JSX.Element {
  const { unit } = menu;
  const [open, setOpen] = useState(false);
  const state = unitStateName(unit);
  const since = unit.sinceUnixNs === undefined ? undefined : dateOf(unit.sinceUnixNs);
  return (
    <>
      <tr>
        <td>
          <button
            type="button"
            data-list-item
            className="plain-button services-name"
            aria-expanded={open}
            onClick={() => setOpen(!open)}
          >
            <span className="ellipsis services-unit">{showName(unit.name)}</span>
            <span className="ellipsis dim">{showName(unit.description)}</span>
          </button>
        </td>
        <td data-hint={unit.detail === '' ? undefined : `The guest says: ${showName(unit.detail)}`}>
          {state === undefined ? (
            <Unknown reason="The init system does not say; open the service to ask its script." />
          ) : (
            <span className={`services-state services-${state}`}>{state}</span>
          )}
        </td>
        <td>{unitBootName(unit) ?? <Unknown reason="The init system does not say." />}</td>
        <td className="right number">
          {unit.memoryBytes === undefined ? <Unknown reason="Not measured." /> : formatBytes(unit.memoryBytes)}
        </td>
        <td className="right number" data-hint={since === undefined ? undefined : formatFullTime(since)}>
          {since === undefined ? <Unknown reason="Not recorded." /> : formatTime(since)}
        </td>
        <td className="services-act">
          <ServiceMenu {...menu} />
        </td>
      </tr>
      {open && (
        <tr className="services-whole">
          <td colSpan={6}>
            <ServiceDetails vm={vm} vmName={vmName} unit={unit} />
          </td>
        </tr>
      )}
    </>
  );
});

/** Asked again when the list says that the state has changed. */
function ServiceDetails({ vm, vmName, unit }: Pick<ServiceRowsProps, 'vm' | 'vmName' | 'unit'>): JSX.Element {
  const { data, error, refetch } = useQuery({
    queryKey: ['service', vm, unit.name, unit.state, `${unit.sinceUnixNs}`],
    queryFn: ({ signal }) => guest.units.get(vm, unit.name, { signal }),
    structuralSharing: false,
  });
  if (error !== null)
    return <ErrorNote title="The service could not be read" error={error} onRetry={() => void refetch()} />;
  if (data === undefined) return <p className="dim">Asking the guest …</p>;
  const { unit: now = unit, log, logMissing } = data;
  const end =
    now.signal !== undefined
      ? `Its program was ended by signal ${now.signal}.`
      : now.exitCode !== undefined && now.state !== UnitState.RUNNING
        ? `Its program exited with ${now.exitCode}.`
        : undefined;
  const state = unitStateName(now) ?? 'State unknown';
  return (
    <div className="services-details">
      <p>
        {state}
        {now.detail !== '' && now.detail !== state && ` (${showName(now.detail)})`}
        {now.pid !== undefined && `, main process ${now.pid}`}
        {now.restarts !== undefined && `, restarted ${now.restarts} times`}. {end}
      </p>
      {log.length > 0 ? (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached by keyboard
        <section className="services-log" tabIndex={0} aria-label={`Last lines of ${showName(unit.name)}`}>
          {log.join('\n')}
        </section>
      ) : (
        <p className="dim">
          {logMissing === '' ? 'No lines of its log are shown to you, or it printed none.' : `No log: ${logMissing}.`}
        </p>
      )}
      <InnCommand command={serviceCommand(vmName, 'show', unit.name)} />
    </div>
  );
}
