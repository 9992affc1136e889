import { defaultHook, type QemuGaSettings, splitNames } from './qemu-ga-settings.ts';

/** What the command line of qemu-ga asks for besides settings. */
export type QemuGaAction = 'serve' | 'dump' | 'version' | 'help' | 'list-commands' | 'unknown';

/** Long flags by their short ones. */
const long: Readonly<Record<string, string>> = {
  method: 'm',
  path: 'p',
  logfile: 'l',
  pidfile: 'f',
  'fsfreeze-hook': 'F',
  statedir: 't',
  verbose: 'v',
  version: 'V',
  daemonize: 'd',
  'block-rpcs': 'b',
  'allow-rpcs': 'a',
  config: 'c',
  'dump-conf': 'D',
  help: 'h',
  'retry-path': 'r',
  'qga-version': 'qga-version',
  'freeze-lease': 'freeze-lease',
};
const withValue = ['m', 'p', 'l', 'f', 't', 'b', 'a', 'c', 'qga-version', 'freeze-lease'];

interface Flag {
  readonly name: string;
  readonly value: string | undefined;
}

/** The path that -c names; undefined: none. It is needed before the settings that it has are overridden. */
export function configOf(words: readonly string[]): string | undefined {
  return readFlags(words)?.find(({ name }) => name === 'c')?.value;
}

/** Takes over what the command line says, and returns what is to be done. */
export function parseQemuGa(words: readonly string[], settings: QemuGaSettings): QemuGaAction {
  const flags = readFlags(words);
  if (flags === undefined) return 'unknown';
  let action: QemuGaAction = 'serve';
  for (const { name, value = '' } of flags) {
    if (name === 'm') settings.method = value;
    else if (name === 'p') settings.path = value;
    else if (name === 'l') settings.logfile = value;
    else if (name === 'f') settings.pidfile = value;
    else if (name === 'F') settings.fsfreezeHook = value === '' ? defaultHook : value;
    else if (name === 't') settings.statedir = value;
    else if (name === 'v') settings.verbose = true;
    else if (name === 'd') settings.daemon = true;
    else if (name === 'r') settings.retryPath = true;
    else if (name === 'qga-version') settings.version = value;
    else if (name === 'freeze-lease') {
      if (!/^\d{1,4}$/.test(value)) return 'unknown';
      settings.freezeLeaseSeconds = Number(value);
    } else if (name === 'b' || name === 'a') {
      if (value === 'help' || value === '?') return 'list-commands';
      (name === 'b' ? settings.blockRpcs : settings.allowRpcs).push(...splitNames(value));
    } else if (name === 'V') return 'version';
    else if (name === 'h') return 'help';
    else if (name === 'D') action = 'dump';
  }
  return action;
}

/** Undefined: one of them is unknown, or its value is missing. */
function readFlags(words: readonly string[]): Flag[] | undefined {
  const flags: Flag[] = [];
  for (let at = 0; at < words.length; at++) {
    const word = words[at] ?? '';
    const [, longName, joined] = /^--([\w-]+)(?:=(.*))?$/s.exec(word) ?? [];
    let name = longName === undefined ? word.slice(1, 2) : (long[longName] ?? '');
    let value = longName === undefined ? word.slice(2) : joined;
    if (longName === undefined && (!word.startsWith('-') || !Object.values(long).includes(name) || name === ''))
      return undefined;
    if (name === '') return undefined;
    // Several flags without values may be one word: -dv.
    while (longName === undefined && value !== undefined && value !== '' && name !== 'F' && !withValue.includes(name)) {
      flags.push({ name, value: undefined });
      name = value.slice(0, 1);
      value = value.slice(1);
      if (!Object.values(long).includes(name)) return undefined;
    }
    if (withValue.includes(name) && (value === undefined || value === '')) {
      value = words[++at];
      if (value === undefined) return undefined;
    }
    flags.push({ name, value: value === '' ? undefined : value });
  }
  return flags;
}
