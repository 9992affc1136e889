import { quoteWord } from '@innkeeper/kit';

/** A file that is not a raw or qcow2 disk. */
export interface ForeignFormat {
  /** As in "it is a VDI disk". */
  readonly name: string;
  /** What to do with the file at this path, in one sentence. */
  readonly nextStep: (path: string) => string;
}

/** How much of a file's beginning `foreignFormat` needs: an ISO 9660 file system names itself at 32 KiB. */
export const headBytes = 64 * 1024;
/** How much of its end: a VHD of a fixed size, and a DMG, name themselves only there. */
export const tailBytes = 512;

type NextStep = ForeignFormat['nextStep'];

/** With qemu-img, by its name of the format. */
const convert =
  (format: string): NextStep =>
  (path) =>
    `Convert it and add the result: qemu-img convert -f ${format} -O qcow2 ${quoteWord(path)} ${quoteWord(withExtension(path, 'qcow2'))}`;

const unpack =
  (program: string, extension: string): NextStep =>
  (path) => {
    const to = path.endsWith(`.${extension}`) ? path.slice(0, -extension.length - 1) : `${path}.raw`;
    return `Unpack it and add the result: ${program} ${quoteWord(path)} > ${quoteWord(to)}`;
  };

const says =
  (text: string): NextStep =>
  () =>
    text;

const extract = (program: string): NextStep => {
  return (path) => `Unpack it and add the disk that is in it: ${program} ${quoteWord(path)}`;
};

const openOva: NextStep = (path) =>
  `Unpack it, then convert the disk that is in it: tar -xf ${quoteWord(path)} && qemu-img convert -f vmdk -O qcow2 DISK.vmdk disk.qcow2`;
const installer = says(
  'It is a medium to install from, not an installed disk: use the "cloud" image of the same system.',
);
const download = says('Check the address that it was downloaded from, and download the disk image itself.');

/** Bytes that formats begin with at an offset; the first that matches counts. */
const signatures: readonly (readonly [offset: number, bytes: string, name: string, next: NextStep])[] = [
  [0x40, '\x7f\x10\xda\xbe', 'a VDI disk', convert('vdi')],
  [0, 'QED\0', 'a QED disk', convert('qed')],
  [0, 'conectix', 'a VHD disk', convert('vpc')],
  [0, 'vhdxfile', 'a VHDX disk', convert('vhdx')],
  [0, 'KDMV', 'a VMDK disk', convert('vmdk')],
  [0, 'COWD', 'a VMDK disk', convert('vmdk')],
  [0, '# Disk DescriptorFile', 'the description of a VMDK disk, whose data is in other files', convert('vmdk')],
  [0, 'WithoutFreeSpace', 'a Parallels disk', convert('parallels')],
  [0, 'WithouFreSpacExt', 'a Parallels disk', convert('parallels')],
  [0, 'QFI\xfb\0\0\0\x01', 'a qcow disk of version 1', convert('qcow')],
  [0, 'Bochs Virtual HD Image', 'a Bochs disk', convert('bochs')],
  [0, '\x1f\x8b', 'compressed with gzip', unpack('gzip -dc', 'gz')],
  [0, '\xfd7zXZ', 'compressed with xz', unpack('xz -dc', 'xz')],
  [0, '\x28\xb5\x2f\xfd', 'compressed with zstd', unpack('zstd -dc', 'zst')],
  [0, 'BZh', 'compressed with bzip2', unpack('bzip2 -dc', 'bz2')],
  [0, '\x04\x22\x4d\x18', 'compressed with lz4', unpack('lz4 -dc', 'lz4')],
  [0, 'LZIP', 'compressed with lzip', unpack('lzip -dc', 'lz')],
  [0, 'PK\x03\x04', 'a zip archive', extract('unzip')],
  [0, "7z\xbc\xaf'\x1c", 'a 7z archive', extract('7z x')],
  [0, 'Rar!\x1a\x07', 'a RAR archive', extract('unrar x')],
  [0, 'MSWIM\0\0\0', 'a WIM archive', says('Install Windows on a disk first, and add that disk.')],
  [0, 'hsqs', 'a squashfs file system', says('It has no boot loader and cannot be written to: use a disk image.')],
  [0, '\x7fELF', 'a program or a kernel', says('Add the disk image, not a file of it.')],
  [0, 'MZ', 'a program of Windows or UEFI, or a kernel', says('Add the disk image, not a file of it.')],
];

/**
 * Which other format than raw or qcow2 a file has, by its first `headBytes` and last `tailBytes`; undefined for none
 * that is known. The bytes are untrusted.
 */
export function foreignFormat(head: Buffer, tail: Buffer): ForeignFormat | undefined {
  const has = (bytes: Buffer, offset: number, text: string): boolean =>
    bytes.toString('latin1', offset, offset + text.length) === text;
  // An executable's "MZ" is also how some boot sectors begin.
  const isBootSector = head.length >= 512 && head.readUInt16LE(510) === 0xaa55;
  for (const [offset, bytes, name, nextStep] of signatures) {
    if (has(head, offset, bytes) && !(bytes === 'MZ' && isBootSector)) return { name, nextStep };
  }
  if (has(tail, 0, 'conectix')) return { name: 'a VHD disk', nextStep: convert('vpc') };
  if (has(tail, 0, 'koly')) return { name: 'a DMG disk', nextStep: convert('dmg') };
  if (has(head, 0x8001, 'CD001')) return { name: 'an ISO image of a CD or DVD', nextStep: installer };
  if (has(head, 257, 'ustar')) {
    const isOva = /^[^\0]+\.ovf\0/i.test(head.toString('latin1', 0, 100));
    return isOva
      ? { name: 'an OVA archive', nextStep: openOva }
      : { name: 'a tar archive', nextStep: extract('tar -xf') };
  }
  return textFormat(head);
}

function textFormat(head: Buffer): ForeignFormat | undefined {
  const start = head.toString('latin1', 0, 512).replace(/^\xef\xbb\xbf/, '');
  if (/^\s*(<!doctype html|<html|<head|<!--)/i.test(start)) return { name: 'an HTML page', nextStep: download };
  if (/^\s*<\?xml/i.test(start)) return { name: 'an XML document', nextStep: download };
  // A text file has letters and line ends from the beginning; no boot sector, table or file system is all that.
  if (start.length >= 104 && /^[\t\n\r\x20-\x7e]+$/.test(start) && /\n/.test(start)) {
    return { name: 'a text file', nextStep: download };
  }
  return undefined;
}

function withExtension(path: string, extension: string): string {
  return `${path.replace(/\.[A-Za-z0-9]{1,9}$/, '')}.${extension}`;
}
