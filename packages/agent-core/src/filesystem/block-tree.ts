import type { Host } from '../host.ts';
import { readTrimmed } from '../telemetry/read-trimmed.ts';

/** Devices below a device are found this deep: crypt on LVM on RAID on partitions is 5. */
const maxDepth = 12;
const maxSlaves = 256;

/** Where the image of a loop device is. */
export interface LoopImage {
  /** As the kernel names it: not for other programs if it was mounted elsewhere or is unmounted since. */
  readonly path: string;
  /** "major:minor" of the file system that holds it; undefined if the device could not be asked. */
  readonly device: string | undefined;
}

/**
 * The images that a block device is stored in: those of the loop devices at or below it, through partitions, device
 * mapper and RAID. Empty for an ordinary disk.
 * @param device "major:minor"
 */
export function loopImages(host: Host, device: string): LoopImage[] {
  const found: LoopImage[] = [];
  const seen = new Set<string>();
  const visit = (number: string, depth: number): void => {
    if (depth > maxDepth || seen.has(number)) return;
    seen.add(number);
    const folder = `/sys/dev/block/${number}`;
    const file = readTrimmed(host, `${folder}/loop/backing_file`);
    if (file !== undefined) found.push({ path: file.replace(/ \(deleted\)$/, ''), device: loopBaseOf(host, folder) });
    for (const name of namesIn(host, `${folder}/slaves`)) visitNamed(name, depth);
    // A partition has no entry of its own for these.
    if (readTrimmed(host, `${folder}/partition`) !== undefined) {
      const whole = readTrimmed(host, `${folder}/../dev`);
      if (whole !== undefined) visit(whole, depth + 1);
    }
  };
  const visitNamed = (name: string, depth: number): void => {
    const number = readTrimmed(host, `/sys/class/block/${name}/dev`);
    if (number !== undefined) visit(number, depth + 1);
  };
  visit(device, 0);
  return found;
}

/** "major:minor" of a device by its path, for file systems whose files have another number, as of btrfs. */
export function deviceNumberOf(host: Host, path: string): string | undefined {
  let name = path.split('/').at(-1) ?? '';
  try {
    name = host.files.readLink(path).split('/').at(-1) ?? name;
  } catch {
    // EINVAL: not a link, as most are not.
  }
  return readTrimmed(host, `/sys/class/block/${name}/dev`);
}

function loopBaseOf(host: Host, folder: string): string | undefined {
  const name = /^DEVNAME=(\S+)$/m.exec(readTrimmed(host, `${folder}/uevent`) ?? '')?.[1];
  if (name === undefined) return undefined;
  try {
    return host.freezer.loopBase(`/dev/${name}`);
  } catch {
    // ENOENT: no node in /dev. Then its path has to do.
    return undefined;
  }
}

function namesIn(host: Host, folder: string): string[] {
  try {
    return host.files.readDirectory(folder, maxSlaves);
  } catch {
    // ENOENT: nothing below.
    return [];
  }
}
