/**
 * Returns the paths of the packages of a lock file that are specific to this platform: programs that npm may silently
 * leave out, since they are optional.
 */
export function platformPackages({ packages }, { os, cpu, libc }) {
  return Object.entries(packages)
    .filter(([, entry]) => entry.optional === true && (entry.os !== undefined || entry.cpu !== undefined))
    .filter(([, entry]) => fits(entry.os, os) && fits(entry.cpu, cpu) && fits(entry.libc, libc))
    .map(([path]) => path);
}

/** npm's rule: a name, a list of names, or of names that are excluded by "!". */
function fits(rule, value) {
  if (rule === undefined) return true;
  const list = [rule].flat();
  const excluded = list.filter((name) => name.startsWith('!'));
  if (excluded.includes(`!${value}`)) return false;
  return excluded.length === list.length || list.includes(value);
}
