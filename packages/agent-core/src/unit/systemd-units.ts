import { UnitBoot, UnitState } from '@innkeeper/contract/agent-lite';
import { OperationError } from '@innkeeper/contract/errors';
import { maxUnitLogLineChars, maxUnitLogLines } from '@innkeeper/contract/limits';
import { BootTime } from '../guest-process/boot-time.ts';
import type { Host } from '../host.ts';
import { programPath } from '../program-path.ts';
import { readTrimmed } from '../telemetry/read-trimmed.ts';
import { agentUnit, isOwnUnit, maxUnits } from './own-unit.ts';
import { parseShow } from './parse-show.ts';
import { type UnitInit, type UnitManager, unitNotFound, unitVerbs } from './unit-manager.ts';

/** Milliseconds for a question to systemd, which reads the files of units that it has not loaded. */
const askMs = 45_000;
/** Units that one program is asked for: their answer has to fit into 64 KiB. */
const askedAtOnce = 32;
/** Where unit files are; systemd.unit(5). */
const folders = ['/etc', '/run', '/usr/local/lib', '/usr/lib', '/lib'].map((root) => `${root}/systemd/system`);
const asked =
  'Id,Description,LoadState,ActiveState,SubState,UnitFileState,MainPID,MemoryCurrent,StateChangeTimestampMonotonic,ExecMainCode,ExecMainStatus,NRestarts';
const maxDescriptionChars = 512;
const suffix = '.service';
/** Of bytes and microseconds: exact as a number. */
const maxBigDigits = 15;

const states: Readonly<Record<string, UnitState>> = {
  active: UnitState.RUNNING,
  reloading: UnitState.RUNNING,
  refreshing: UnitState.RUNNING,
  activating: UnitState.STARTING,
  deactivating: UnitState.STOPPING,
  inactive: UnitState.STOPPED,
  maintenance: UnitState.STOPPED,
  failed: UnitState.FAILED,
};
const boots: Readonly<Record<string, UnitBoot>> = {
  enabled: UnitBoot.ENABLED,
  'enabled-runtime': UnitBoot.ENABLED,
  disabled: UnitBoot.DISABLED,
  masked: UnitBoot.MASKED,
  'masked-runtime': UnitBoot.MASKED,
};
/** Services of systemd, through `systemctl show`. */
export class SystemdUnits implements UnitManager {
  readonly #host: Host;
  readonly #boot: BootTime;
  readonly #systemctl: string;

  constructor(host: Host) {
    this.#host = host;
    this.#boot = new BootTime(host.clock);
    this.#systemctl = programPath(host, 'systemctl') ?? '/bin/systemctl';
  }

  async names(): Promise<string[]> {
    const found = new Set<string>();
    for (const { Id = '', LoadState } of await this.#show('Id,LoadState', [`*${suffix}`]))
      if (LoadState !== 'not-found') found.add(Id);
    for (const folder of folders) this.#addInstalled(folder, found);
    found.delete('');
    return [...found].sort().slice(0, maxUnits);
  }

  async describe(names: readonly string[]): Promise<UnitInit[]> {
    const units: UnitInit[] = [];
    for (let index = 0; index < names.length; index += askedAtOnce)
      for (const block of await this.#show(asked, names.slice(index, index + askedAtOnce)))
        if (![undefined, 'not-found'].includes(block['LoadState'])) units.push(this.#unitOf(block));
    return units;
  }

  async get(name: string): Promise<UnitInit> {
    const whole = name.endsWith(suffix) ? name : name + suffix;
    const [unit] = await this.describe([whole]);
    if (unit === undefined) throw unitNotFound(whole);
    return unit;
  }

  commands({ name }: UnitInit, action: number): readonly (readonly string[])[] {
    return [[this.#systemctl, '--no-pager', '--no-ask-password', unitVerbs[action] ?? '', '--', name]];
  }

  async log(name: string): Promise<{ log: string[] } | { logMissing: string }> {
    const journalctl = programPath(this.#host, 'journalctl');
    if (journalctl === undefined) return { logMissing: 'this guest has no journalctl' };
    const argv = [journalctl, '--no-pager', '-q', '-o', 'short-iso', '-n', `${maxUnitLogLines}`, '-u', name];
    const { exitCode, stdout, stderr } = await this.#host.jobs.run(argv, { timeoutMs: askMs });
    if (exitCode !== 0) return { logMissing: `journalctl failed: ${stderr.trim().slice(0, 200)}` };
    const lines = stdout.split('\n').filter((line) => line !== '');
    return { log: lines.slice(-maxUnitLogLines).map((line) => line.slice(0, maxUnitLogLineChars)) };
  }

  /** Unit files, without templates and aliases. */
  #addInstalled(folder: string, found: Set<string>): void {
    const { files } = this.#host;
    try {
      for (const name of files.readDirectory(folder, maxUnits))
        if (name.endsWith(suffix) && !name.endsWith(`@${suffix}`) && !this.#isAlias(folder, name)) found.add(name);
    } catch {
      // ENOENT: not every folder exists.
    }
  }

  #isAlias(folder: string, name: string): boolean {
    try {
      const target = this.#host.files.readLink(`${folder}/${name}`);
      return target !== '/dev/null' && !target.endsWith(`/${name}`);
    } catch {
      // EINVAL: not a link.
      return false;
    }
  }

  async #show(properties: string, names: readonly string[]): Promise<Record<string, string>[]> {
    const argv = [this.#systemctl, 'show', '--no-pager', '--all', `--property=${properties}`, '--', ...names];
    const job = await this.#host.jobs.run(argv, { timeoutMs: askMs, keepLate: true });
    const { exitCode, stdout, stderr, timedOut } = job;
    if (timedOut === true) throw new OperationError('UNIT_TIMEOUT', 'systemctl show was killed: it did not answer.');
    if (exitCode !== 0) throw new OperationError('UNIT_FAILED', `systemctl show: ${stderr.trim().slice(0, 500)}`);
    return parseShow(stdout);
  }

  #unitOf(block: Record<string, string>): UnitInit {
    const { Id = '', Description = '', ActiveState = '', SubState = '', UnitFileState = '', LoadState } = block;
    const pid = number(block['MainPID']);
    const memory = number(block['MemoryCurrent'], maxBigDigits);
    const sinceUs = number(block['StateChangeTimestampMonotonic'], maxBigDigits);
    const state = SubState === 'exited' && ActiveState === 'active' ? UnitState.STARTED : states[ActiveState];
    const restarts = number(block['NRestarts']);
    const status = number(block['ExecMainStatus']);
    const code = block['ExecMainCode'];
    return {
      name: Id,
      // systemd repeats the name where a unit has no description.
      description: Description === Id ? '' : Description.slice(0, maxDescriptionChars),
      state: state ?? UnitState.UNSPECIFIED,
      boot: LoadState === 'masked' ? UnitBoot.MASKED : bootOf(UnitFileState),
      detail: SubState,
      agent: isOwnUnit(Id, this.#own()),
      ...(pid === undefined || pid === 0 ? {} : { pid }),
      ...(memory === undefined ? {} : { memoryBytes: BigInt(memory) }),
      ...(sinceUs === undefined || sinceUs === 0 ? {} : { sinceUnixNs: this.#boot.unixNs() + BigInt(sinceUs) * 1000n }),
      ...(restarts === undefined || restarts === 0 ? {} : { restarts }),
      // CLD_EXITED; CLD_KILLED and CLD_DUMPED of waitid(2).
      ...(code === '1' && status !== undefined ? { exitCode: status } : {}),
      ...((code === '2' || code === '3') && status !== undefined ? { signal: status } : {}),
    };
  }

  /** The unit of the agent's cgroup, also when it is started under another name. */
  #own(): string {
    return /.*\/([^/\n]+\.service)/.exec(readTrimmed(this.#host, '/proc/self/cgroup') ?? '')?.[1] ?? agentUnit + suffix;
  }
}

/** "[not set]", empty, and a number of more digits than its field holds are unknown. */
function number(text: string | undefined, maxDigits = 9): number | undefined {
  return text !== undefined && text.length <= maxDigits && /^\d+$/.test(text) ? Number(text) : undefined;
}

function bootOf(state: string): UnitBoot {
  return boots[state] ?? (state === '' ? UnitBoot.UNSPECIFIED : UnitBoot.FIXED);
}
