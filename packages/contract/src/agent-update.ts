/** What daemon and agent must agree about to replace an agent: docs/operate/agent-updates.md. */

/** The public keys that a guest trusts: one line each, as `updateKeyLine` writes it. */
export const updateKeysPath = '/etc/innkeeper/update-keys';
/** Maximum bytes of a new agent. */
export const maxUpdateBytes = 32 * 1024 * 1024;
export const maxVersionChars = 40;
/** Seconds in which a new agent has to be confirmed. */
export const confirmWithinSeconds = { default: 60, min: 5, max: 600 } as const;
/**
 * The format of what an agent hands over to the next one. An agent continues with another one only if that knows its format.
 */
export const handoverFormat = 1;

const keyKind = 'ed25519';

export interface SignedFacts {
  readonly version: string;
  /** As uname(2) names it. */
  readonly architecture: string;
  readonly size: number;
  /** In lower-case hexadecimal. */
  readonly sha256: string;
}

/** The text that is signed. */
export function updateManifestText({ version, architecture, size, sha256 }: SignedFacts): string {
  return `innkeeper-agent-update-1\nversion ${version}\narchitecture ${architecture}\nsize ${size}\nsha256 ${sha256}\n`;
}

/** A line of the file of keys. */
export function updateKeyLine(keyHex: string, comment: string): string {
  return `${keyKind} ${keyHex} ${comment}\n`;
}

/** The keys in such a file, in hexadecimal. Other lines are ignored, as those of other kinds of keys. */
export function parseUpdateKeys(text: string): string[] {
  return text.split('\n').flatMap((line) => {
    const [kind, key = ''] = line.trim().split(/\s+/);
    return kind === keyKind && /^[0-9a-f]{64}$/.test(key) ? [key] : [];
  });
}

/**
 * Whether a version is lower than another, by its numbers; false if the other is empty, and for the version of another
 * program, which begins with its name ("qemu-ga 7.2").
 */
export function isOutdatedVersion(version: string, than: string): boolean {
  if (than === '' || /^[A-Za-z]/.test(version)) return false;
  const [own, other] = [parts(version), parts(than)];
  for (let index = 0; index < Math.max(own.length, other.length); index++) {
    const difference = (own[index] ?? 0) - (other[index] ?? 0);
    if (difference !== 0) return difference < 0;
  }
  return false;
}

function parts(version: string): number[] {
  return (version.split(/[-+]/, 1)[0] ?? '').split('.').map((part) => Number.parseInt(part, 10) || 0);
}
