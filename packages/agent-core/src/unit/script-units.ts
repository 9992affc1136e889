import { UnitAction, UnitBoot, UnitState } from '@innkeeper/contract/agent-lite';
import { exists } from '../file/exists.ts';
import type { Host } from '../host.ts';
import { isExecutable, programPath } from '../program-path.ts';
import { readTrimmed } from '../telemetry/read-trimmed.ts';
import { isOwnUnit, maxUnits } from './own-unit.ts';
import { type UnitInit, type UnitManager, unitNotFound, unitVerbs } from './unit-manager.ts';

const scripts = '/etc/init.d';
const runlevels = '/etc/runlevels';
const openrc = '/run/openrc';
const statusMs = 10_000;
/** Files in the folder of scripts that are not services. */
const notServices = /^\.|\.(?:dpkg-[a-z]+|rpm[a-z]+|bak)$|~$|^(?:README|skeleton|functions(?:\.sh)?|rc|rcS)$/;
const headBytes = 4096;

/** Folders of OpenRC's marks, and what they mean; the first that has the unit counts. */
const marks: readonly (readonly [string, UnitState])[] = [
  ['failed', UnitState.FAILED],
  ['starting', UnitState.STARTING],
  ['stopping', UnitState.STOPPING],
  ['inactive', UnitState.STARTING],
  ['started', UnitState.STARTED],
];
/** A started daemon is not protected from the kernel's out-of-memory killer as the agent is. */
const unprotected = 'echo 0 2>/dev/null >/proc/self/oom_score_adj; exec "$0" "$@"';

/** Services with a script in /etc/init.d: of OpenRC, whose marks in /run say their state, or of SysV init. */
export class ScriptUnits implements UnitManager {
  readonly #host: Host;
  readonly #isOpenrc: boolean;

  constructor(host: Host, isOpenrc: boolean) {
    this.#host = host;
    this.#isOpenrc = isOpenrc;
  }

  async names(): Promise<string[]> {
    return this.#list(scripts)
      .filter((name) => !notServices.test(name) && isExecutable(this.#host, `${scripts}/${name}`))
      .sort();
  }

  async describe(names: readonly string[]): Promise<UnitInit[]> {
    const enabled = this.#enabled();
    return names.map((name) => this.#unitOf(name, enabled));
  }

  /** Asks the script for its status, which LSB gives as an exit code. */
  async get(name: string): Promise<UnitInit> {
    if (/[:\\]/.test(name) || notServices.test(name) || !isExecutable(this.#host, `${scripts}/${name}`))
      throw unitNotFound(name);
    const unit = this.#unitOf(name, this.#enabled());
    const { exitCode, stdout, stderr } = await this.#host.jobs.run(this.#script(name, 'status'), {
      timeoutMs: statusMs,
      keepLate: true,
    });
    const state = stateOf(exitCode, unit.state);
    // A script without this word prints how it is used.
    return state === undefined || /usage/i.test(stdout + stderr) ? unit : { ...unit, state };
  }

  commands({ name, boot }: UnitInit, action: number): readonly (readonly string[])[] {
    if (action <= UnitAction.RESTART)
      return [['/bin/sh', '-c', unprotected, ...this.#script(name, unitVerbs[action] ?? '')]];
    const enable = action === UnitAction.ENABLE;
    if (enable === (boot === UnitBoot.ENABLED)) return [];
    if (this.#isOpenrc) {
      const update = programPath(this.#host, 'rc-update') ?? '/sbin/rc-update';
      if (enable) return [[update, 'add', name, 'default']];
      // With --all it fails for the runlevels that the service is not in.
      const levels = this.#list(runlevels).filter((level) => this.#list(`${runlevels}/${level}`).includes(name));
      return levels.map((level) => [update, 'del', name, level]);
    }
    const update = programPath(this.#host, 'update-rc.d');
    if (update === undefined)
      return [[programPath(this.#host, 'chkconfig') ?? '/sbin/chkconfig', name, enable ? 'on' : 'off']];
    return enable
      ? [
          [update, name, 'defaults'],
          [update, name, 'enable'],
        ]
      : [[update, name, 'disable']];
  }

  async log(): Promise<{ logMissing: string }> {
    return { logMissing: `${this.#isOpenrc ? 'OpenRC' : 'SysV init'} keeps no log of a service` };
  }

  #script(name: string, verb: string): string[] {
    return this.#isOpenrc
      ? [programPath(this.#host, 'rc-service') ?? '/sbin/rc-service', name, verb]
      : [`${scripts}/${name}`, verb];
  }

  #unitOf(name: string, enabled: ReadonlySet<string>): UnitInit {
    const head = readTrimmed(this.#host, `${scripts}/${name}`, headBytes) ?? '';
    const description = /^(?:# Short-Description:[ \t]*|description=["']?)(.*)/m.exec(head)?.[1] ?? '';
    return {
      name,
      description: description.trimEnd().replace(/["']$/, ''),
      boot: enabled.has(name) ? UnitBoot.ENABLED : UnitBoot.DISABLED,
      agent: isOwnUnit(name, ''),
      ...(this.#isOpenrc ? this.#marked(name) : {}),
    };
  }

  #marked(name: string): Pick<UnitInit, 'state' | 'detail' | 'pid'> {
    const [detail = '', state = UnitState.STOPPED] =
      marks.find(([folder]) => exists(this.#host, `${openrc}/${folder}/${name}`)) ?? [];
    if (state !== UnitState.STARTED) return { state, detail };
    // The first is by the script's own setting, the second by start-stop-daemon.
    const set = readTrimmed(this.#host, `${openrc}/options/${name}/pidfile`, headBytes);
    const daemon = readTrimmed(this.#host, `${openrc}/daemons/${name}/001`, headBytes);
    const file = /^(?:pidfile=)?(\/.+)$/m.exec(set ?? daemon ?? '')?.[1];
    const pid = /^\d{1,9}$/.exec(file === undefined ? '' : (readTrimmed(this.#host, file, 64) ?? ''))?.[0];
    if (pid === undefined) return { state, detail };
    return exists(this.#host, `/proc/${pid}`)
      ? { state: UnitState.RUNNING, detail, pid: Number(pid) }
      : { state: UnitState.FAILED, detail: 'crashed' };
  }

  #enabled(): Set<string> {
    const found = new Set<string>();
    if (this.#isOpenrc)
      for (const level of this.#list(runlevels))
        for (const name of this.#list(`${runlevels}/${level}`)) found.add(name);
    else
      for (const level of ['S', '2', '3', '4', '5'])
        for (const link of this.#list(`/etc/rc${level}.d`)) {
          const name = /^S\d\d(.+)$/.exec(link)?.[1];
          if (name !== undefined) found.add(name);
        }
    return found;
  }

  #list(folder: string): string[] {
    try {
      return this.#host.files.readDirectory(folder, maxUnits);
    } catch {
      // ENOENT, ENOTDIR: none.
      return [];
    }
  }
}

/** By the exit codes of LSB and OpenRC (32: crashed). */
function stateOf(exitCode: number | undefined, marked: UnitInit['state']): UnitInit['state'] {
  if (exitCode === 0) return marked === UnitState.STARTED ? undefined : UnitState.RUNNING;
  if (exitCode === 3) return UnitState.STOPPED;
  return exitCode === 1 || exitCode === 2 || exitCode === 32 ? UnitState.FAILED : undefined;
}
