import { type Vm, type VmFigures, vmFigures } from '@innkeeper/contract/control';
import { type JSX, useId } from 'react';
import { Link } from 'react-router';
import { PercentBar } from '../../components/percent-bar.tsx';
import { vmPath } from '../../components/vm-path.ts';

export interface TopListProps {
  readonly title: string;
  /** Sort key of the list that "All" links to. */
  readonly sort: string;
  readonly vms: readonly Vm[];
  readonly figure: 'cpuPercent' | 'memoryPercent' | 'diskPercent';
}

/** The five VMs with the highest usage of a resource. */
export function TopList({ title, sort, vms, figure }: TopListProps): JSX.Element {
  const id = useId();
  return (
    <section className="card" aria-labelledby={id}>
      <h2 id={id} className="card-title">
        {title}
        <Link to={`/vms?sort=${sort}`} aria-label={`All VMs by ${title}`} className="top-list-all">
          All
        </Link>
      </h2>
      <div className="card-body">
        {vms.length === 0 ? (
          <p className="dim top-list-none">No reports yet.</p>
        ) : (
          <ol className="top-list">
            {vms.map((vm) => {
              const figures: VmFigures = vmFigures(vm);
              return (
                <li key={vm.id}>
                  <Link className="ellipsis" to={vmPath(vm.name)}>
                    {vm.name}
                  </Link>
                  <PercentBar
                    percent={figures[figure]}
                    label={title}
                    reason="The last report does not contain this figure."
                    hint={figure === 'diskPercent' ? figures.fullestMount : undefined}
                  />
                </li>
              );
            })}
          </ol>
        )}
      </div>
    </section>
  );
}
