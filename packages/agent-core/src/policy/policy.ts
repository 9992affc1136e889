import { OperationError } from '@innkeeper/contract/errors';
import { optionalCapabilities } from '../capabilities.ts';
import { type AgentConfig, alwaysOn, type PolicyRules, type Rule } from '../config/agent-config.ts';
import { isFeature, limitedWith } from '../config/config-checks.ts';
import type { Clock } from '../host.ts';
import { commandRule } from './command-rule.ts';
import type { GuestPolicy, PolicyMethod } from './guest-policy.ts';
import { limitedFiles } from './limited-files.ts';
import { RateLimits } from './rate-limits.ts';
import { tunnelRule } from './tunnel-rule.ts';

/** Capabilities whose every use changes the guest, or may. */
const changing = ['exec', 'file.write', 'filesystem', 'tunnel', 'update'];
/** What is of no use without another capability. */
const needs: Readonly<Record<string, string>> = { 'file.watch': 'file.read' };
/** Methods with other capabilities than their own: one sets the clock, one reads any file as a log. */
const capabilitiesOf: Readonly<Record<string, readonly string[]>> = {
  'innkeeper.agent.v1.TelemetryService/AdjustClock': ['system'],
  'innkeeper.agent.v1.LogService/ReadFile': ['logs', 'file.read'],
};

const fileHandles = 'innkeeper.agent.v1.FileHandleService';
/** Of a file that is open: allowed to whoever may open one, since what was opened must be closed. */
const ofOpenFile = new Set(['Seek', 'Flush', 'Close'].map((each) => `${fileHandles}/${each}`));
/** They have effects in the agent, and none in the guest. */
const changesNothing = new Set([...ofOpenFile, `${fileHandles}/Open`, `${fileHandles}/Read`]);

/** The policy of a configuration file; undefined if the file is fine and has no rules. */
export function createPolicy(config: AgentConfig, clock: Clock): GuestPolicy | undefined {
  const { problems, policy: rules, path } = config;
  const isBroken = problems.length > 0;
  const hasRules = Object.values(rules).some((rule) => (rule instanceof Map ? rule.size > 0 : rule !== undefined));
  if (!isBroken && !hasRules) return undefined;
  const where = (rule: string, line: number): string => `${rule} in line ${line} of ${path}`;
  const denied = isBroken ? everythingOff(config) : deniedBy(rules, where);
  const denial = (what: string, rule: string): OperationError =>
    new OperationError('DENIED_BY_GUEST_POLICY', `The policy of this guest forbids ${what}: ${rule}.`);
  const limits = new RateLimits(rules.rateLimits, clock, where);
  const { readOnly, commands, tunnels } = rules;
  const checkTunnel = tunnels && tunnelRule(tunnels, where('tunnels', tunnels.line), denial);
  const isReadOnly = readOnly?.value === true;
  const denialOf = (method: PolicyMethod): OperationError | undefined => {
    const short = method.name.slice(method.name.lastIndexOf('.') + 1);
    const reasons = capabilitiesFor(method).map((each) => denied.get(each));
    const isDenied = ofOpenFile.has(method.name) ? !reasons.includes(undefined) : reasons.some((each) => each);
    if (isDenied) return denial(short, ruleOf(reasons.find((each) => each !== undefined) ?? ''));
    const changes = method.onlyReads !== true && !changesNothing.has(method.name);
    return isReadOnly && changes ? denial(short, where('read_only', readOnly.line)) : undefined;
  };
  return {
    denied,
    maySetUp: !denied.has('system') && !isReadOnly,
    denial: denialOf,
    refusal: (method) => denialOf(method) ?? limits.refusal(capabilitiesFor(method), method),
    limitHost: (host, keysPath) => limitedFiles(host, { path, keysPath, rules, where, denial }, checkTunnel),
    commands: commands === undefined ? undefined : commandRule(commands, where('commands', commands.line), denial),
  };
}

function capabilitiesFor({ name, capability }: PolicyMethod): readonly string[] {
  return ofOpenFile.has(name) ? ['file.read', 'file.write'] : (capabilitiesOf[name] ?? [capability]);
}

const prefix = 'the guest’s policy: ';

function ruleOf(reason: string): string {
  return reason.slice(prefix.length);
}

/** A file that is not understood allows nothing: what it was meant to forbid is unknown. */
function everythingOff({ path, problems: [first] }: AgentConfig): ReadonlyMap<string, string> {
  const at = first === undefined || first.line === 0 ? path : `line ${first.line} of ${path}`;
  return turnedOff(() => `${at} is wrong: ${first?.message ?? ''}`);
}

function deniedBy(rules: PolicyRules, where: (rule: string, line: number) => string): ReadonlyMap<string, string> {
  const { featuresOff, featuresOnly, readOnly, tunnels } = rules;
  const has = (list: Rule<readonly string[]>, name: string): boolean =>
    list.value.some((each) => isFeature(name, each));
  const ruleFor = (name: string): string | undefined => {
    if (featuresOff !== undefined && has(featuresOff, name)) return where('features_off', featuresOff.line);
    if (featuresOnly !== undefined && !has(featuresOnly, name)) return where('features_only', featuresOnly.line);
    if (readOnly?.value === true && changing.some((each) => isFeature(name, each)))
      return where('read_only', readOnly.line);
    if (name === 'tunnel' && tunnels?.value.length === 0) return where('tunnels', tunnels.line);
    const needed = needs[name];
    return needed === undefined ? undefined : ruleFor(needed);
  };
  return turnedOff(ruleFor);
}

function turnedOff(ruleFor: (name: string) => string | undefined): ReadonlyMap<string, string> {
  const denied = new Map<string, string>();
  for (const name of optionalCapabilities) {
    const rule = alwaysOn.includes(name) ? undefined : ruleFor(limitedWith[name] ?? name);
    if (rule !== undefined) denied.set(name, prefix + rule);
  }
  return denied;
}
