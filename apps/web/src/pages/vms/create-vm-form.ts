import type { MessageInitShape } from '@bufbuild/protobuf';
import type { CreateVmRequestSchema } from '@innkeeper/contract/control';
import { gib, mib, quoteWord } from '@innkeeper/kit';

/** What was typed. Sizes stay text, so that an invalid one is refused and never replaced by another. */
export interface VmForm {
  readonly name: string;
  readonly image: string;
  readonly cpus: string;
  /** MiB, or a number with a unit, such as "2G". */
  readonly memory: string;
  /** As `memory`. Empty: the size of the image. */
  readonly disk: string;
  /** "NAME" or "NAME=VALUE". */
  readonly tags: readonly string[];
  readonly start: boolean;
  readonly autostart: boolean;
  readonly keepHostname: boolean;
  readonly freshIdentity: boolean;
}

export type VmFormErrors = Partial<Record<'name' | 'cpus' | 'memory' | 'disk' | 'tags', string>>;

const tib = 1024 * gib;
const mebibytesOf: Readonly<Record<string, number>> = { '': 1, M: 1, G: gib / mib, T: tib / mib };

/** Why a name is invalid; undefined if it is valid. */
export function nameProblem(name: string): string | undefined {
  if (name === '') return 'Enter a name.';
  if (name.length > 63) return 'At most 63 characters.';
  if (/[^a-z0-9-]/.test(name)) return 'Only a-z, 0-9 and “-”.';
  return /^-|-$/.test(name) ? 'Must begin and end with a letter or digit.' : undefined;
}

/** Why each field is invalid, by the limits of the daemon; empty if the form can be sent. */
export function problemsOf(form: VmForm, imageBytes: number): VmFormErrors {
  const problems: Record<keyof VmFormErrors, string | undefined> = {
    name: nameProblem(form.name),
    cpus: cpusProblem(form.cpus),
    memory: sizeProblem(form.memory, 64, 16 * tib, 'A VM needs at least'),
    disk:
      form.disk.trim() === '' ? undefined : sizeProblem(form.disk, imageMib(imageBytes), 64 * tib, 'The image needs'),
    tags: tagsProblem(form.tags),
  };
  return Object.fromEntries(Object.entries(problems).filter(([, problem]) => problem !== undefined));
}

/** Size of an image in whole MiB, rounded up. */
export function imageMib(imageBytes: number): number {
  return Math.ceil(imageBytes / mib);
}

/** Converts a form without problems to a request. */
export function createRequest(form: VmForm): MessageInitShape<typeof CreateVmRequestSchema> {
  const { name, image, start, autostart, keepHostname, freshIdentity } = form;
  return {
    name,
    image,
    start,
    autostart,
    keepHostname,
    freshIdentity,
    cpus: Number(form.cpus),
    tags: Object.fromEntries(form.tags.map(splitTag)),
    memoryBytes: BigInt(readMib(form.memory) ?? 0) * BigInt(mib),
    diskBytes: BigInt(readMib(form.disk) ?? 0) * BigInt(mib),
  };
}

/** The equivalent `inn` command. A field with a problem is its name in capitals, never a value that was not typed. */
export function createCommand(form: VmForm, problems: VmFormErrors): string {
  const { name, image, cpus, tags, start, autostart, keepHostname, freshIdentity } = form;
  const memory = problems.memory === undefined ? `${readMib(form.memory)}M` : 'MEMORY';
  const disk = problems.disk === undefined ? `${readMib(form.disk)}M` : 'DISK';
  return [
    `inn create ${problems.name === undefined ? name : 'NAME'}`,
    `--image ${image === '' ? 'IMAGE' : quoteWord(image)}`,
    `--cpus ${problems.cpus === undefined ? Number(cpus) : 'CPUS'}`,
    `--memory ${memory}`,
    ...(form.disk.trim() === '' ? [] : [`--disk ${disk}`]),
    ...tags.map((tag) => `--tag ${quoteWord(tag.includes('=') ? tag : `${tag}=`)}`),
    ...(start ? ['--start'] : []),
    ...(autostart ? ['--autostart'] : []),
    ...(keepHostname ? ['--keep-hostname'] : []),
    ...(freshIdentity ? ['--fresh-identity'] : []),
  ].join(' ');
}

function cpusProblem(text: string): string | undefined {
  if (text.trim() === '') return 'Enter the number of CPUs.';
  return /^\d{1,3}$/.test(text.trim()) && Number(text) >= 1 && Number(text) <= 64
    ? undefined
    : 'A whole number from 1 to 64.';
}

function sizeProblem(text: string, leastMib: number, mostBytes: number, atLeast: string): string | undefined {
  if (text.trim() === '') return 'Enter a size, such as 512 or 2G.';
  const size = readMib(text);
  if (size === undefined) return 'Not a size. Enter MiB, or a unit: 512, 2G.';
  if (!Number.isInteger(size)) return 'Must be whole MiB.';
  if (size < leastMib) return `${atLeast} ${leastMib} MiB.`;
  return size * mib > mostBytes ? `At most ${mostBytes / tib} TiB.` : undefined;
}

function tagsProblem(tags: readonly string[]): string | undefined {
  const names = tags.map((tag) => splitTag(tag)[0]);
  if (names.includes('')) return 'A tag needs a name before “=”.';
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  return twice === undefined ? undefined : `“${twice}” has two values.`;
}

/** "512", "512M", "1.5 GiB" in MiB; undefined if it is not a size. */
function readMib(text: string): number | undefined {
  const [, digits = '', unit = ''] = /^(\d{1,15}(?:\.\d{1,9})?) ?([MGT]?)(?:iB|B)?$/i.exec(text.trim()) ?? [];
  return digits === '' ? undefined : Number(digits) * (mebibytesOf[unit.toUpperCase()] ?? Number.NaN);
}

function splitTag(tag: string): [name: string, value: string] {
  const at = tag.indexOf('=');
  return at < 0 ? [tag, ''] : [tag.slice(0, at), tag.slice(at + 1)];
}
