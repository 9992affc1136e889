import { isKeptAttribute, maxAttributeBytes } from '@innkeeper/tar';
import type { FileHandle, Files } from '../host.ts';
import { hasErrno, isHostError } from '../host-error.ts';

/** The extended attributes that a copy keeps. `report` gets the names of those that are too large. */
export function readAttributes(
  files: Files,
  handle: FileHandle,
  report: (why: string) => void,
): ReadonlyMap<string, Uint8Array> {
  const attributes = new Map<string, Uint8Array>();
  let left = maxAttributeBytes;
  try {
    for (const name of files.attributeNames(handle).filter(isKeptAttribute)) {
      const value = files.attribute(handle, name);
      left -= name.length + value.length;
      if (left < 0) report(`its attribute ${name} is too large for an archive`);
      else attributes.set(name, value);
    }
  } catch (error) {
    if (!isHostError(error)) throw error;
    if (!hasErrno(error, 'EOPNOTSUPP', 'ENODATA')) report(`its attributes could not be read: ${error.errno}`);
  }
  return attributes;
}

/** Sets extended attributes; `report` gets those that could not be set. */
export function writeAttributes(
  files: Files,
  handle: FileHandle,
  attributes: ReadonlyMap<string, Uint8Array>,
  report: (why: string) => void,
): void {
  for (const [name, value] of attributes) {
    if (!isKeptAttribute(name)) continue;
    try {
      files.setAttribute(handle, name, value);
    } catch (error) {
      if (!isHostError(error)) throw error;
      report(`its attribute ${name} could not be set: ${error.errno}`);
    }
  }
}
