import type { JSX } from 'react';
import { Link } from 'react-router';
import { Icon } from '../../components/icon.tsx';
import { InnCommand } from '../../components/inn-command.tsx';
import { newRunPath } from '../../components/run-path.ts';

interface Step {
  readonly key: string;
  readonly label: string;
  readonly what: string;
  readonly path?: string;
  readonly command?: string;
}

const stepsFor = (vmName: string): readonly Step[] => [
  {
    key: 'image',
    label: 'Get an image',
    what: 'Build the small image, or add your own.',
    path: '/vms/new',
    command: 'inn image build tiny',
  },
  {
    key: 'vm',
    label: 'Create a VM',
    what: 'The agent is already installed.',
    path: '/vms/new',
    command: 'inn create web --image tiny --start',
  },
  {
    key: 'agent',
    label: 'See an agent connect',
    what: 'It reports the guest’s actual usage: CPU, memory, disks.',
    path: '/vms',
  },
  {
    key: 'run',
    label: 'Run a command in the guest',
    what: 'No SSH, no password.',
    path: newRunPath({ vms: [vmName] }),
    command: `inn exec ${vmName} -- uname -a`,
  },
  {
    key: 'password',
    label: 'Set your password',
    what: 'Then you can log in without a link.',
    path: '/settings/password',
  },
];

/** Whether all first steps are done. */
export function areFirstStepsDone(done: readonly string[]): boolean {
  return stepsFor('').every(({ key }) => done.includes(key));
}

/** A checklist for new users; steps are ticked automatically. */
export function FirstSteps({
  done,
  vmName = 'web',
}: {
  readonly done: readonly string[];
  /** Name of a VM to use in the examples. */
  readonly vmName?: string | undefined;
}): JSX.Element {
  const steps = stepsFor(vmName);
  const next = steps.find(({ key }) => !done.includes(key));
  return (
    <section className="card first-steps" aria-labelledby="first-steps">
      <h2 id="first-steps" className="card-title">
        First steps
        <span className="dim number">
          {steps.filter(({ key }) => done.includes(key)).length} of {steps.length}
        </span>
      </h2>
      <ol className="card-body">
        {steps.map(({ key, label, what, path, command }) => {
          const ticked = done.includes(key);
          return (
            <li key={key} className={ticked ? 'ticked' : key === next?.key ? 'next' : undefined}>
              <span className="first-steps-tick">{ticked && <Icon name="check" size={14} />}</span>
              <span className="grow">
                <span className="visually-hidden">{ticked ? 'Done: ' : 'To do: '}</span>
                {path === undefined || ticked ? <strong>{label}</strong> : <Link to={path}>{label}</Link>}{' '}
                <span className="dim">{what}</span>
              </span>
              {!ticked && command !== undefined && <InnCommand command={command} />}
            </li>
          );
        })}
      </ol>
    </section>
  );
}
