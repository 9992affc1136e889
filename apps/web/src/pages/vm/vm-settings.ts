import type { MessageInitShape } from '@bufbuild/protobuf';
import type { UpdateVmRequestSchema, Vm } from '@innkeeper/contract/control';
import { quoteWord } from '@innkeeper/kit';

/** What the dialog of a VM's settings holds. */
export interface VmSettingsForm {
  readonly name: string;
  readonly cpus: number;
  readonly memoryMib: number;
  /** "NAME" or "NAME=VALUE". */
  readonly tags: readonly string[];
}

const mib = 1024 * 1024;

/** The settings that a VM has. */
export function settingsOf({ name, cpus, memoryBytes, tags }: Vm): VmSettingsForm {
  const words = Object.entries(tags).map(([tag, value]) => (value === '' ? tag : `${tag}=${value}`));
  return { name, cpus, memoryMib: Number(memoryBytes) / mib, tags: words };
}

type UpdateRequest = Extract<MessageInitShape<typeof UpdateVmRequestSchema>, { $typeName?: never }>;

/** The request that changes a VM to these settings: only what differs; undefined if nothing does. */
export function settingsRequest(vm: Vm, { name, cpus, memoryMib, tags }: VmSettingsForm): UpdateRequest | undefined {
  const before = settingsOf(vm);
  const wanted = Object.fromEntries(tags.map(splitTag));
  const changed = Object.entries(wanted).filter(([tag, value]) => vm.tags[tag] !== value);
  const removeTags = Object.keys(vm.tags).filter((tag) => !Object.hasOwn(wanted, tag));
  const request: UpdateRequest = { vm: vm.id };
  if (name !== before.name) request.name = name;
  if (cpus !== before.cpus) request.cpus = cpus;
  if (memoryMib !== before.memoryMib) request.memoryBytes = BigInt(Math.round(memoryMib * mib));
  if (changed.length > 0) request.tags = Object.fromEntries(changed);
  if (removeTags.length > 0) request.removeTags = removeTags;
  return Object.keys(request).length === 1 ? undefined : request;
}

/** The equivalent `inn` command. */
export function settingsCommand(vm: Pick<Vm, 'name'>, request: UpdateRequest): string {
  const { name, cpus, memoryBytes, tags = {}, removeTags = [] } = request;
  return [
    `inn set ${vm.name}`,
    ...(name === undefined ? [] : [`--name ${quoteWord(name)}`]),
    ...(cpus === undefined ? [] : [`--cpus ${cpus}`]),
    ...(memoryBytes === undefined ? [] : [`--memory ${memoryBytes / BigInt(mib)}M`]),
    ...Object.entries(tags).map(([tag, value]) => `--tag ${quoteWord(value === '' ? tag : `${tag}=${value}`)}`),
    ...removeTags.map((tag) => `--untag ${quoteWord(tag)}`),
  ].join(' ');
}

function splitTag(tag: string): [name: string, value: string] {
  const at = tag.indexOf('=');
  return at < 0 ? [tag, ''] : [tag.slice(0, at), tag.slice(at + 1)];
}
