import { CliError } from '../cli-error.ts';

/** Where a run goes: VMs by name, or a filter. */
export interface RunPlaces {
  readonly vms: readonly string[];
  readonly filter: string;
}

/** What VMs can be called, ids among them. */
const vmName = /^[A-Za-z0-9][A-Za-z0-9-]*$/;

/**
 * What `--on` says: names of VMs, "tag=web" or "tag=env=prod", or a filter such as "state:running mem>80".
 * @throws CliError when nothing is said, or names and filters are mixed
 */
export function runPlaces(on: readonly string[] = []): RunPlaces {
  const [first, ...others] = on;
  if (first === undefined) throw new CliError('Where? --on VM, --on tag=web, or --on "FILTER"');
  if (on.every((each) => vmName.test(each))) return { vms: on, filter: '' };
  if (others.length > 0) throw new CliError('--on: names of VMs, or one filter; its conditions stand in one --on');
  return { vms: [], filter: first.replace(/^tag=/, 'tag:') };
}
