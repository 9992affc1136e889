import { methodCapabilities } from '@innkeeper/contract/agent-lite';
import { optionalCapabilities } from '../capabilities.ts';
import { isBelow } from '../policy/is-below.ts';
import { alwaysOn, type PolicyRules } from './agent-config.ts';
import type { ConfigProblem, ConfigValue } from './parse-toml.ts';

export function isFolderList(value: ConfigValue): value is readonly string[] {
  return typeof value === 'object';
}

/** What is wrong with a path: it must be one that the kernel would report. */
export function pathProblem(path: string): string | undefined {
  const isReal = /^\/$|^(\/[^/]+)+$/.test(path) && !/\/\.\.?(\/|$)|[\0\ufffd]/.test(path);
  return isReal && path.length <= 4096
    ? undefined
    : `"${path.slice(0, 80)}" must be an absolute path without "..", "." and doubled or final slashes`;
}

/** What is wrong with a target of tunnels: a TCP port, a range of them, or the path of a unix socket. */
export function tunnelProblem(target: string): string | undefined {
  if (target.startsWith('/')) return pathProblem(target);
  const range = portRange(target);
  return range !== undefined && range.first >= 1 && range.first <= range.last && range.last <= 65_535
    ? undefined
    : `"${target.slice(0, 80)}" must be a port ("22"), ports ("8000-8099") or the path of a unix socket`;
}

/** "22" or "8000-8099"; undefined for anything else. */
export function portRange(text: string): { readonly first: number; readonly last: number } | undefined {
  const [, first, last = first] = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(text) ?? [];
  return first === undefined ? undefined : { first: Number(first), last: Number(last) };
}

/** Whether a capability is the one of this name or belongs to it. */
export function isFeature(capability: string, name: string): boolean {
  return capability === name || capability.startsWith(`${name}.`);
}

/** Capabilities of methods of which others do the same: they are off and on with those. */
export const limitedWith: Readonly<Record<string, string>> = { 'file.resume': 'file.write' };

/** What is wrong with the name of a capability or of a group of them. Only calls of methods can be refused. */
export function featureProblem(name: string): string | undefined {
  if (alwaysOn.some((each) => each === name))
    return `"${name}" cannot be limited: without it the guest would count as lost`;
  if (methodCapabilities.some((each) => limitedWith[each] === undefined && isFeature(each, name))) return undefined;
  return optionalCapabilities.some((each) => each === name)
    ? `"${name}" cannot be limited alone: limit "${limitedWith[name] ?? name.slice(0, name.lastIndexOf('.'))}"`
    : `this agent has no feature "${name.slice(0, 80)}"`;
}

/** Rules that contradict each other or do not limit what they seem to. */
export function* checkPaths(rules: PolicyRules): Iterable<ConfigProblem> {
  const { readOnly, roots, writeRoots, commands, featuresOff, featuresOnly } = rules;
  const isOff = (name: string): boolean =>
    featuresOff?.value.some((each) => isFeature(name, each)) === true ||
    featuresOnly?.value.some((each) => isFeature(name, each)) === false;
  if (featuresOff !== undefined && featuresOnly !== undefined)
    yield { line: featuresOnly.line, message: 'give either features_off or features_only' };
  for (const path of writeRoots?.value ?? [])
    if (roots !== undefined && !roots.value.some((root) => isBelow(path, root)))
      yield { line: writeRoots?.line ?? 0, message: `"${path}" is not in one of the roots` };
  const writable = writeRoots ?? roots;
  if (commands === undefined) return;
  if (writable === undefined && readOnly?.value !== true && !isOff('file.write'))
    yield {
      line: commands.line,
      message: 'commands limits nothing while the host may write any file: add write_roots, or turn off "file.write"',
    };
  for (const path of commands.value)
    if (writable?.value.some((root) => isBelow(path, root)) === true)
      yield {
        line: commands.line,
        message: `"${path}" is in a folder that the host may write to: it could replace it`,
      };
}
