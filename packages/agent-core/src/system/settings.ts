import type { MessageInitShape } from '@bufbuild/protobuf';
import type { ChangeSettingsRequest, SystemSettingsSchema } from '@innkeeper/contract/agent';
import { OperationError } from '@innkeeper/contract/errors';
import { exists } from '../file/exists.ts';
import { replaceFile } from '../file/replace-file.ts';
import type { Host } from '../host.ts';
import { readTrimmed } from '../telemetry/read-trimmed.ts';
import { newHostKeys, readHostKeys } from './host-keys.ts';
import { newMachineId, readMachineId, setHostname } from './names.ts';

const zones = '/usr/share/zoneinfo/';
/** Where LANG is set: of Debian, and of the others. */
const localeFiles = ['/etc/default/locale', '/etc/locale.conf'];

/** What GetSettings answers. */
export function readSettings(host: Host): MessageInitShape<typeof SystemSettingsSchema> {
  return {
    hostname: host.system.uname().nodename,
    machineId: readMachineId(host),
    hostKeys: readHostKeys(host),
    timeZone: zoneOf(host),
    locale: /^LANG="?([\w.@-]+)/m.exec(readTrimmed(host, localeFile(host)) ?? '')?.[1] ?? '',
  };
}

/** ChangeSettings: checks everything, then changes. */
export async function changeSettings(host: Host, request: ChangeSettingsRequest): Promise<void> {
  const { hostname, timeZone, locale } = request;
  if (hostname !== undefined && !isHostname(hostname))
    throw refused('hostname must have 1 to 63 letters, digits and "-", not first or last.');
  if (timeZone !== undefined && !isZone(host, timeZone))
    throw refused(`The guest’s time zone database has no "${timeZone.slice(0, 64)}".`);
  if (locale !== undefined && !(await isLocale(host, locale)))
    throw refused(`The locale "${locale.slice(0, 64)}" is not installed in the guest.`);
  if (hostname !== undefined) await setHostname(host, hostname);
  if (request.newMachineId) await newMachineId(host);
  if (request.newHostKeys) await newHostKeys(host);
  if (timeZone !== undefined) await setZone(host, timeZone);
  if (locale !== undefined) {
    const path = localeFile(host);
    const others = (readTrimmed(host, path) ?? '')
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('LANG='));
    await replaceFile(host, path, [`LANG=${locale}`, ...others, ''].join('\n'));
  }
}

function isHostname(name: string): boolean {
  return /^[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?$/.test(name);
}

function zoneOf(host: Host): string {
  try {
    return host.files.readLink('/etc/localtime').split('zoneinfo/')[1] ?? '';
  } catch {
    // ENOENT, or EINVAL for a copy of the zone.
    return readTrimmed(host, '/etc/timezone') ?? '';
  }
}

function isZone(host: Host, zone: string): boolean {
  if (!/^[A-Za-z0-9_+-]+(\/[A-Za-z0-9_+-]+){0,2}$/.test(zone)) return false;
  try {
    return host.files.stat(zones + zone, true).type === 'regular';
  } catch {
    return false;
  }
}

async function setZone(host: Host, zone: string): Promise<void> {
  const folder = host.files.openDirectory('/etc', { noSymlinks: false });
  const temporary = '.localtime.innkeeper';
  try {
    if (exists(host, `/etc/${temporary}`)) folder.unlink(temporary);
    folder.makeSymlink(zones + zone, temporary);
    folder.rename(temporary, folder, 'localtime', true);
  } finally {
    folder.close();
  }
  if (exists(host, '/etc/timezone')) await replaceFile(host, '/etc/timezone', `${zone}\n`);
}

function localeFile(host: Host): string {
  const [debian = '', other = ''] = localeFiles;
  return exists(host, debian) ? debian : other;
}

/** Guests without locale(1), such as those with musl, have every locale or none. */
async function isLocale(host: Host, locale: string): Promise<boolean> {
  if (!/^[A-Za-z][\w.@-]{0,63}$/.test(locale)) return false;
  try {
    const { stdout } = await host.jobs.run(['/usr/bin/locale', '-a'], { timeoutMs: 10_000 });
    const plain = (name: string): string => name.toLowerCase().replace(/-/g, '');
    return stdout.split('\n').some((line) => plain(line) === plain(locale));
  } catch {
    return true;
  }
}

function refused(message: string): OperationError {
  return new OperationError('INVALID_ARGUMENT', message);
}
