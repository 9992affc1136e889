/** Maximum bytes of the extended attributes of one entry that are copied, with their names. */
export const maxAttributeBytes = 48 * 1024;

/**
 * The extended attributes that a copy with owners keeps: those of programs, file capabilities and ACLs. Others belong to
 * the system that they are on: labels of security modules, and `trusted.*`, with which overlay file systems redirect.
 */
export function isKeptAttribute(name: string): boolean {
  return /^(user\..+|security\.capability|system\.posix_acl_(access|default))$/.test(name);
}
