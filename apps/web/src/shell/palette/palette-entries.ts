import type { Vm } from '@innkeeper/contract/control';
import type { IconName } from '../../components/icon-paths.ts';
import { newRunPath } from '../../components/run-path.ts';
import { vmPath } from '../../components/vm-path.ts';
import { settingsSections } from '../../pages/settings/settings-sections.ts';
import { isPossible } from '../../pages/vm/power-actions.ts';
import { navigation } from '../navigation.ts';
import { readQuery } from './read-query.ts';
import { type VmVerb, vmVerbs } from './vm-verbs.ts';

/** What an entry does, other than to open a page. */
export type PaletteAct =
  | { readonly kind: 'power'; readonly action: NonNullable<VmVerb['power']>; readonly vm: Vm }
  | { readonly kind: 'theme'; readonly scheme: 'light' | 'dark' | 'auto' }
  | { readonly kind: 'build'; readonly image: string }
  | { readonly kind: 'help' }
  | { readonly kind: 'logout' };

export interface PaletteEntry {
  readonly key: string;
  readonly label: string;
  readonly detail: string;
  readonly icon: IconName;
  /** The page to open, after the act if there is one. */
  readonly path?: string;
  readonly act?: PaletteAct;
}

export interface PaletteView {
  readonly query: string;
  /** VMs by name; those that do not match the query, such as the answer to an earlier one, are left out. */
  readonly vms: readonly Vm[];
  /** Name of the VM whose page is open. */
  readonly here: string | undefined;
  /** Whether the user has a privilege; without a VM: on any. */
  readonly may: (privilege: string, vm?: Vm) => boolean;
}

/** The entries for a query, best first: actions on VMs, VMs, then pages, settings and general actions. */
export function paletteEntries({ query, vms: given, here, may }: PaletteView): readonly PaletteEntry[] {
  const { verbs, name } = readQuery(query);
  const vms = vmsNamed(name, given);
  const words = query.trim().toLowerCase().split(/\s+/).filter(Boolean);
  const found = vms.map(vmEntry);
  const fixed = fixedEntries(may).filter(({ label, key }) =>
    words.every((word) => `${label} ${key}`.toLowerCase().includes(word)),
  );
  if (words.length === 0) return [...actsHere(vms, here, may), ...fixed.slice(0, navigation.length + 2), ...found];
  const acts = vms.flatMap((vm) => verbs.flatMap((verb) => verbEntry(verb, vm, may)));
  const exact = vms.filter((vm) => vm.name === name);
  // A VM named in full: everything that can be done with it.
  const more = verbs.length > 0 ? [] : exact.flatMap((vm) => vmVerbs.flatMap((verb) => verbEntry(verb, vm, may)));
  if (verbs.length === 0) return [...found, ...more, ...fixed];
  if (name !== '') return [...acts, ...fixed];
  // On the page of a VM, what would be done with that VM comes first.
  const first = vms.filter((vm) => vm.name === here).flatMap((vm) => verbs.flatMap((verb) => verbEntry(verb, vm, may)));
  return [...first, ...fixed, ...acts.filter(({ key }) => !first.some((entry) => entry.key === key))];
}

/** "stop web-1" must never act on a VM whose name only contains that one's, or on one that an earlier query found. */
function vmsNamed(name: string, vms: readonly Vm[]): readonly Vm[] {
  const matching = vms.filter((vm) => vm.name.toLowerCase().includes(name));
  const isExact = (vm: Vm): number => Number(vm.name.toLowerCase() === name);
  return matching.toSorted((one, other) => isExact(other) - isExact(one));
}

function vmEntry({ id, name, image }: Vm): PaletteEntry {
  return { key: id, path: vmPath(name), label: name, icon: 'vms', detail: image };
}

/** An action on a VM; none if the VM's state or the user's privileges do not allow it. */
function verbEntry(verb: VmVerb, vm: Vm, may: PaletteView['may']): PaletteEntry[] {
  const { key, label, icon, privilege, power, tab } = verb;
  if (!may(privilege, vm) || (power !== undefined && !isPossible(power, vm))) return [];
  const entry = { key: `${key} ${vm.id}`, label: `${label} ${vm.name}`, icon, detail: '' };
  if (power !== undefined) return [{ ...entry, act: { kind: 'power', action: power, vm } }];
  return [{ ...entry, path: tab === undefined ? newRunPath({ vms: [vm.name] }) : vmPath(vm.name, tab) }];
}

function actsHere(vms: readonly Vm[], here: string | undefined, may: PaletteView['may']): PaletteEntry[] {
  const vm = vms.find((each) => each.name === here);
  return vm === undefined ? [] : vmVerbs.flatMap((verb) => (verb.key === 'run' ? verbEntry(verb, vm, may) : []));
}

function fixedEntries(may: PaletteView['may']): PaletteEntry[] {
  const allowed = ({ privilege }: { readonly privilege?: string }): boolean =>
    privilege === undefined || may(privilege);
  const pages = navigation
    .filter(allowed)
    .map(({ path, label, icon, key }): PaletteEntry => ({ key: path, path, label, icon, detail: `g ${key}` }));
  const settings = settingsSections.filter(allowed).map(
    ({ key, label }): PaletteEntry => ({
      key: `settings ${key}`,
      path: `/settings/${key}`,
      label: `Settings: ${label}`,
      icon: 'settings',
      detail: '',
    }),
  );
  return [...pages, ...makingEntries(may), ...settings, ...generalEntries];
}

function makingEntries(may: PaletteView['may']): PaletteEntry[] {
  const create: PaletteEntry = { key: 'create', path: '/vms/new', label: 'Create a VM', icon: 'plus', detail: '' };
  const run: PaletteEntry = { key: 'run', path: newRunPath(), label: 'Run a script', icon: 'runs', detail: '' };
  const add: PaletteEntry = { key: 'add', path: '/images?add=file', label: 'Add an image', icon: 'images', detail: '' };
  const build = (image: string): PaletteEntry => ({
    key: `build ${image}`,
    path: '/images',
    label: `Build the image ${image}`,
    icon: 'build',
    detail: '',
    act: { kind: 'build', image },
  });
  return [
    ...(may('vm.manage') ? [create] : []),
    ...(may('guest.exec') ? [run] : []),
    ...(may('node.manage') ? [add, ...['tiny', 'debian', 'debian-openrc'].map(build)] : []),
  ];
}

const generalEntries: readonly PaletteEntry[] = [
  themeEntry('dark', 'Use dark colours', 'moon'),
  themeEntry('light', 'Use light colours', 'sun'),
  themeEntry('auto', 'Use the system’s colours', 'settings'),
  { key: 'help', label: 'Keyboard help', icon: 'help', detail: '?', act: { kind: 'help' } },
  { key: 'logout', label: 'Log out', icon: 'logout', detail: '', act: { kind: 'logout' } },
];

function themeEntry(scheme: 'light' | 'dark' | 'auto', label: string, icon: IconName): PaletteEntry {
  return { key: `theme ${scheme}`, label, icon, detail: 'theme', act: { kind: 'theme', scheme } };
}
