/** A Debian package, and why it is needed. */
export interface DebianPackage {
  readonly name: string;
  readonly why: string;
}

export const commands: readonly string[];

export function debianPackages(command: string, arch: string, args?: readonly string[]): readonly DebianPackage[];
