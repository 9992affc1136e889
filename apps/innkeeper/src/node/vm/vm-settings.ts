import { OperationError } from '@innkeeper/contract';
import { mib } from '@innkeeper/kit';

const maxCpus = 64;
const leastMemoryBytes = BigInt(64 * mib);
const maxMemoryBytes = BigInt(2 ** 44);
const maxTags = 64;
const maxTagChars = 256;

export type Tags = Readonly<Record<string, string>>;

/** Fails with INVALID_ARGUMENT unless it is 1 to 64. */
export function checkCpus(cpus: number): number {
  if (cpus >= 1 && cpus <= maxCpus) return cpus;
  throw invalid(`A VM must have 1 to ${maxCpus} CPUs, not ${cpus}.`);
}

/** Fails with INVALID_ARGUMENT unless it is 64 MiB to 16 TiB. */
export function checkMemory(bytes: bigint): number {
  if (bytes < leastMemoryBytes) throw invalid('A VM needs at least 64 MiB of memory.');
  if (bytes > maxMemoryBytes) throw invalid('A VM can have at most 16 TiB of memory.');
  return Number(bytes);
}

/** Fails with INVALID_ARGUMENT for too many or too long tags, and for one without a name. */
export function checkTags(tags: Tags): Tags {
  const entries = Object.entries(tags);
  if (entries.length > maxTags || entries.flat().some((text) => text.length > maxTagChars)) {
    throw invalid(`A VM can have at most ${maxTags} tags of at most ${maxTagChars} characters.`);
  }
  if (Object.hasOwn(tags, '')) throw invalid('A tag must have a name.');
  return tags;
}

/** The column `identity` of a VM: what its guest takes over from it, as words. */
export function identityWords({ keepHostname = false, freshIdentity = false }: NewIdentity): string {
  return [keepHostname ? 'keep-hostname' : '', freshIdentity ? 'fresh' : ''].filter((word) => word !== '').join(' ');
}

export interface NewIdentity {
  readonly keepHostname?: boolean | undefined;
  readonly freshIdentity?: boolean | undefined;
}

export function namingOf(words: string): { readonly maySetHostname: boolean; readonly freshIdentity: boolean } {
  const all = words.split(' ');
  return { maySetHostname: !all.includes('keep-hostname'), freshIdentity: all.includes('fresh') };
}

function invalid(message: string): OperationError {
  return new OperationError('INVALID_ARGUMENT', message);
}
