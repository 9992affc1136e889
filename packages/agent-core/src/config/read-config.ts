import { errorMessage } from '@innkeeper/kit';
import type { Host } from '../host.ts';
import type { AgentConfig, Rule } from './agent-config.ts';
import { checkPaths, featureProblem, isFolderList, pathProblem, tunnelProblem } from './config-checks.ts';
import { parseEndpoint } from './ip-endpoint.ts';
import { type ConfigEntry, type ConfigProblem, parseToml } from './parse-toml.ts';
import { type VsockPeers, vsockPeerProblem, vsockPeersOf } from './vsock-peers.ts';

const maxConfigBytes = 65_536;

/** Reads the configuration file. Never throws: what is wrong with it, also that it cannot be read, is among its problems. */
export function readConfig(host: Host, path: string): AgentConfig {
  try {
    const { type, mode, uid, sizeBytes } = host.files.stat(path, true);
    const own = host.files.stat('/proc/self', true).uid;
    if (type !== 'regular') return broken(path, 'it is not a regular file');
    if (sizeBytes > maxConfigBytes) return broken(path, `it has more than ${maxConfigBytes} bytes`);
    if ((uid !== 0 && uid !== own) || (mode & 0o022) !== 0)
      return broken(path, 'others than root can write it: chown root, chmod 644');
    return parseConfig(host.files.readText(path, maxConfigBytes), path);
  } catch (error) {
    return broken(path, `it cannot be read: ${errorMessage(error)}`);
  }
}

function broken(path: string, message: string): AgentConfig {
  return { path, problems: [{ line: 0, message }], policy: { rateLimits: new Map() } };
}

/** Parses a configuration file and checks its values. */
export function parseConfig(text: string, path: string): AgentConfig {
  const { entries, problems } = parseToml(text);
  const reader = new ConfigReader(entries, [...problems]);
  const config = {
    path,
    telemetryIntervalMs: milliseconds(reader.number('telemetry_interval_secs', 1, 3600)),
    maxExecTimeoutSeconds: reader.number('max_exec_timeout_secs', 1, 86_400),
    maxChunkBytes: reader.number('max_chunk_size', 4096, 1_048_576),
    devicePath: reader.text('device_path', (value) => (value === 'auto' ? undefined : pathProblem(value))),
    vsockPeers: peersOf(reader.list('vsock_peers', vsockPeerProblem)),
    httpAddress: reader.text('http_address', addressProblem),
    httpConfigureInterface: reader.flag('http_configure_interface'),
    managerAddress: reader.text('manager_address', addressProblem),
    vmId: reader.text('vm_id', vmIdProblem),
    managerTokenFile: reader.text('manager_token_file', pathProblem),
    ...qgaOf(reader),
    policy: {
      readOnly: reader.flagRule('policy.read_only'),
      featuresOff: reader.list('policy.features_off', featureProblem),
      featuresOnly: reader.list('policy.features_only', featureProblem),
      roots: reader.list('policy.roots', pathProblem),
      writeRoots: reader.list('policy.write_roots', pathProblem),
      commands: reader.list('policy.commands', pathProblem),
      tunnels: reader.list('policy.tunnels', tunnelProblem),
      rateLimits: reader.rateLimits(),
    },
  };
  for (const problem of checkPaths(config.policy)) reader.problems.push(problem);
  if (config.managerAddress !== undefined && config.vmId === undefined)
    reader.problems.push({ line: 0, message: 'manager_address needs vm_id' });
  reader.refuseUnknown();
  return { ...config, problems: reader.problems.sort((a, b) => a.line - b.line) };
}

function milliseconds(seconds: number | undefined): number | undefined {
  return seconds === undefined ? undefined : seconds * 1000;
}

function peersOf(list: Rule<readonly string[]> | undefined): VsockPeers | undefined {
  return list === undefined ? undefined : vsockPeersOf(list.value);
}

/** Nothing without a value, as of a guest without that section. */
function qgaOf(reader: ConfigReader): Pick<AgentConfig, 'qga'> {
  const qga = {
    version: reader.text('qga.version', (value) => (/^[\w.+-]{1,64}$/.test(value) ? undefined : 'it is not a version')),
    allow: reader.list('qga.allow_commands', commandProblem)?.value,
    block: reader.list('qga.block_commands', commandProblem)?.value,
    freezeLeaseMs: milliseconds(reader.number('qga.freeze_lease_secs', 0, 3600)),
    freezeHook: reader.text('qga.freeze_hook', pathProblem),
  };
  return Object.values(qga).every((value) => value === undefined) ? {} : { qga };
}

function commandProblem(value: string): string | undefined {
  return /^guest-[a-z-]{1,64}$/.test(value) ? undefined : `"${value.slice(0, 80)}" is not a command of QGA`;
}

function addressProblem(value: string): string | undefined {
  return parseEndpoint(value) === undefined
    ? `"${value.slice(0, 80)}" is not ADDRESS:PORT, with an IP address or localhost`
    : undefined;
}

function vmIdProblem(value: string): string | undefined {
  return /^[\w.-]{1,64}$/.test(value)
    ? undefined
    : 'vm_id must have 1 to 64 characters of A-Z, a-z, 0-9, "_", "." and "-"';
}

class ConfigReader {
  readonly #entries: ReadonlyMap<string, ConfigEntry>;
  readonly problems: ConfigProblem[];
  readonly #known = new Set<string>();

  constructor(entries: ReadonlyMap<string, ConfigEntry>, problems: ConfigProblem[]) {
    this.#entries = entries;
    this.problems = problems;
  }

  rule<T extends ConfigEntry['value']>(
    name: string,
    is: (value: ConfigEntry['value']) => value is T,
    wanted: string,
  ): Rule<T> | undefined {
    this.#known.add(name);
    const entry = this.#entries.get(name);
    if (entry === undefined) return undefined;
    const { value, line } = entry;
    if (is(value)) return { value, line };
    this.problems.push({ line, message: `${name.split('.').at(-1)} must be ${wanted}` });
    return undefined;
  }

  flagRule(name: string): Rule<boolean> | undefined {
    return this.rule(name, (value): value is boolean => typeof value === 'boolean', 'true or false');
  }

  flag(name: string): boolean | undefined {
    return this.flagRule(name)?.value;
  }

  number(name: string, least: number, most: number): number | undefined {
    const isIn = (value: unknown): value is number => typeof value === 'number' && value >= least && value <= most;
    return this.rule(name, isIn, `a whole number from ${least} to ${most}`)?.value;
  }

  text(name: string, problemOf: (value: string) => string | undefined): string | undefined {
    const found = this.rule(name, (value): value is string => typeof value === 'string', 'a text in double quotes');
    if (found !== undefined) this.#report(found.line, problemOf(found.value));
    return found?.value;
  }

  list(name: string, problemOf: (value: string) => string | undefined): Rule<readonly string[]> | undefined {
    const found = this.rule(name, isFolderList, 'a list of texts in double quotes');
    for (const each of found?.value ?? []) this.#report(found?.line ?? 0, problemOf(each));
    return found;
  }

  rateLimits(): ReadonlyMap<string, Rule<number>> {
    const limits = new Map<string, Rule<number>>();
    for (const [name, { value, line }] of this.#entries) {
      if (!name.startsWith('rate_limits.')) continue;
      this.#known.add(name);
      const feature = name.slice('rate_limits.'.length);
      if (feature !== 'all') this.#report(line, featureProblem(feature));
      if (typeof value === 'number' && value >= 1) limits.set(feature, { value, line });
      else this.#report(line, `${feature} must be a number of calls per minute, at least 1`);
    }
    return limits;
  }

  refuseUnknown(): void {
    for (const [name, { line }] of this.#entries)
      if (!this.#known.has(name)) this.#report(line, `unknown key "${name.slice(0, 80)}"`);
  }

  #report(line: number, message: string | undefined): void {
    if (message !== undefined) this.problems.push({ line, message });
  }
}
