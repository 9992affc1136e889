import { type QemuGaSettings, splitNames } from './qemu-ga-settings.ts';

/** Takes over what a configuration file says: its group "general", a key a line. @throws Error */
export function readQemuGaFile(text: string, settings: QemuGaSettings): void {
  let group = '';
  for (const line of text.split('\n').map((each) => each.trim())) {
    if (line === '' || line.startsWith('#')) continue;
    const [, name] = /^\[(.+)\]$/.exec(line) ?? [];
    if (name !== undefined) {
      group = name;
      continue;
    }
    const [, key = '', value = ''] = /^([\w-]+)\s*=\s*(.*)$/.exec(line) ?? [];
    if (key === '') throw new Error(`"${line.slice(0, 80)}" is not a key with a value`);
    if (group === 'general') take(settings, key, value);
  }
}

function take(settings: QemuGaSettings, key: string, value: string): void {
  switch (key) {
    case 'daemon':
      settings.daemon = flagOf(key, value);
      return;
    case 'method':
      settings.method = value;
      return;
    case 'path':
      settings.path = value;
      return;
    case 'logfile':
      settings.logfile = value;
      return;
    case 'pidfile':
      settings.pidfile = value;
      return;
    case 'fsfreeze-hook':
      settings.fsfreezeHook = value;
      return;
    case 'statedir':
      settings.statedir = value;
      return;
    case 'verbose':
      settings.verbose = flagOf(key, value);
      return;
    case 'retry-path':
      settings.retryPath = flagOf(key, value);
      return;
    case 'block-rpcs':
    case 'blacklist':
      settings.blockRpcs.push(...splitNames(value));
      return;
    case 'allow-rpcs':
      settings.allowRpcs.push(...splitNames(value));
      return;
    case 'version':
      settings.version = value;
      return;
    case 'freeze-lease-seconds':
      settings.freezeLeaseSeconds = /^\d{1,4}$/.test(value) ? Number(value) : wrong(key, value);
      return;
    // Others are ignored, as qemu-ga does: a file may be for a later version.
    default:
  }
}

function flagOf(key: string, value: string): boolean {
  if (value === 'true' || value === '1') return true;
  return value === 'false' || value === '0' ? false : wrong(key, value);
}

function wrong(key: string, value: string): never {
  throw new Error(`"${value.slice(0, 80)}" is not a value of "${key}"`);
}
