import type { MessageInitShape } from '@bufbuild/protobuf';
import type { CreateVmRequestSchema } from '@innkeeper/contract/control';

export interface VmForm {
  readonly name: string;
  readonly image: string;
  readonly cpus: number;
  readonly memoryMib: number;
  /** 0: the size of the image. */
  readonly diskMib: number;
  /** "NAME" or "NAME=VALUE". */
  readonly tags: readonly string[];
  readonly start: boolean;
  readonly autostart: boolean;
}

const mib = 1024n * 1024n;

/** Why a name is invalid; undefined if it is valid. */
export function nameProblem(name: string): string | undefined {
  if (name === '') return 'Enter a name.';
  if (name.length > 63) return 'At most 63 characters.';
  if (/[^a-z0-9-]/.test(name)) return 'Only a-z, 0-9 and “-”.';
  return /^-|-$/.test(name) ? 'Must begin and end with a letter or digit.' : undefined;
}

/** Converts the form to a request. */
export function createRequest(form: VmForm): MessageInitShape<typeof CreateVmRequestSchema> {
  const { name, image, cpus, start, autostart } = form;
  return {
    name,
    image,
    cpus,
    start,
    autostart,
    tags: Object.fromEntries(form.tags.map(splitTag)),
    memoryBytes: BigInt(form.memoryMib) * mib,
    diskBytes: BigInt(form.diskMib) * mib,
  };
}

/** The equivalent `inn` command. */
export function createCommand({ name, image, cpus, memoryMib, diskMib, tags, start, autostart }: VmForm): string {
  return [
    `inn create ${name === '' ? 'NAME' : name} --image ${image} --cpus ${cpus} --memory ${memoryMib}M`,
    ...(diskMib === 0 ? [] : [`--disk ${diskMib}M`]),
    ...tags
      .map((tag) => (tag.includes('=') ? tag : `${tag}=`))
      .map((tag) => `--tag ${/^[\w.=/-]+$/.test(tag) ? tag : `'${tag.replaceAll("'", "'\\''")}'`}`),
    ...(start ? ['--start'] : []),
    ...(autostart ? ['--autostart'] : []),
  ].join(' ');
}

function splitTag(tag: string): [name: string, value: string] {
  const at = tag.indexOf('=');
  return at < 0 ? [tag, ''] : [tag.slice(0, at), tag.slice(at + 1)];
}
