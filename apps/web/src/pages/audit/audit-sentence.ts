import type { AuditEntry } from '@innkeeper/contract/control';
import { auditForms, reasonTexts } from './audit-forms.ts';

type Told = Pick<AuditEntry, 'action' | 'vmName' | 'parameters' | 'result'>;
/**
 * What was done, or was not, as the rest of a sentence that begins with the user: "stopped web-1", "failed to stop web-1:
 * VM busy". For an unknown action, the action itself.
 */
export function auditSentence({ action, vmName, parameters, result }: Told): string {
  const isBegin = action.endsWith('.begin');
  const form = auditForms[isBegin ? action.slice(0, -'.begin'.length) : action];
  if (form === undefined) return vmName === '' ? action : `${action} on ${vmName}`;
  const known = parametersOf(parameters);
  const [past = '', rest = ''] = form.split('|');
  const [base = '', ...objects] = rest.split(' ');
  const words = fill(['', ...objects].join(' '), { ...known, vm: vmName || (known['vm'] ?? '') });
  if (isBegin) return `began to ${base}${words}`;
  if (result === 'ok') return hasLeft(parameters) ? `began to ${base}${words}, and left it running` : `${past}${words}`;
  // The name that was typed: the user is anonymous.
  const said = action === 'login' ? `${words} as ${typedName(known['user'])}` : words;
  switch (result) {
    case 'PRIVILEGE_MISSING':
    case 'COMMAND_NOT_ALLOWED':
      return `was not allowed to ${base}${said}`;
    case 'INTERRUPTED':
      return `began to ${base}${said}; the daemon ended before the result was known`;
    default:
      return `failed to ${base}${said}: ${reasonText(action, result)}`;
  }
}

/** Puts parameters into a form, and leaves out words about those that are not known. */
function fill(form: string, values: Readonly<Record<string, string>>): string {
  return form
    .replaceAll(/ (on|of|from|to|for|into|at) \{(\w+)\}/g, (_, word: string, name: string) => {
      const value = values[name] ?? '';
      return value === '' ? '' : ` ${word} ${value}`;
    })
    .replaceAll(/ ?\{(\w+)\}/g, (_, name: string) => {
      const value = values[name] ?? '';
      return value === '' ? '' : ` ${value}`;
    });
}

/** The audit has no names that nobody has: one may be a password in the wrong box. */
function typedName(name: string | undefined): string {
  return name === undefined || name === '(unknown)' ? 'an unknown user' : name;
}

/** "VM_BUSY" as "VM busy". */
function reasonText(action: string, reason: string): string {
  if (action === 'login.link' && reason === 'LOGIN_FAILED') return 'the link was used or has expired';
  return (
    reasonTexts[reason] ??
    reason
      .toLowerCase()
      .replaceAll('_', ' ')
      .replace(/\bvm\b/, 'VM')
  );
}

/** Entries that only look at something; several of a kind in a row are one line. */
const looking =
  /^(FileService\/(List|GetUpload)|guest\.file\.stat|(Guest)?ProcessService\/List|VmService\/Diagnose|TerminalService\/ListTerminals|TelemetryService\/(GetSystem|Watch)|SystemService\/GetSettings|AccountService\/List|RunService\/WatchRun|image\.upload)/;
/** Entries further apart are not one line. */
const sameNs = 15n * 60n * 1_000_000_000n;

export interface AuditGroup {
  /** The newest first. */
  readonly entries: readonly AuditEntry[];
}

/** How many calls a group stands for; an entry for coalesced calls counts as these, also as none. */
export function callsOf({ entries }: AuditGroup): number {
  return entries.reduce(
    (sum, { count, firstUnixNs }) => sum + (firstUnixNs === undefined ? Math.max(1, count) : count),
    0,
  );
}

/**
 * Joins entries that only looked at something into one group per user, VM and action, so that what was changed is not lost
 * among them. Everything else stays by itself. Newest first, as the entries are.
 */
export function groupEntries(entries: readonly AuditEntry[]): AuditGroup[] {
  const groups: { entries: AuditEntry[] }[] = [];
  const open = new Map<string, { entries: AuditEntry[] }>();
  for (const entry of entries) {
    const key = [entry.user, entry.via, entry.vmId, entry.action, entry.result].join('\0');
    const group = looking.test(entry.action) ? open.get(key) : undefined;
    const last = group?.entries.at(-1);
    if (group !== undefined && last !== undefined && last.timeUnixNs - entry.timeUnixNs <= sameNs) {
      group.entries.push(entry);
      continue;
    }
    const made = { entries: [entry] };
    groups.push(made);
    open.set(key, made);
  }
  return groups;
}

/** Whether the user disconnected from a command before its end. */
function hasLeft(json: string): boolean {
  return /"client_left":true\b/.test(json);
}

/** The strings and numbers of the parameters, and a command as one line. */
function parametersOf(json: string): Readonly<Record<string, string>> {
  let parsed: unknown;
  try {
    parsed = JSON.parse(json);
  } catch {
    return {};
  }
  if (typeof parsed !== 'object' || parsed === null) return {};
  const shown = Object.entries(parsed).flatMap(([name, value]) =>
    typeof value === 'string' || typeof value === 'number' ? [[name, String(value).slice(0, 200)] as const] : [],
  );
  const { argv, shell_command: line } = parsed as { readonly argv?: unknown; readonly shell_command?: unknown };
  const command = Array.isArray(argv) ? argv.map(String).join(' ').slice(0, 200) : String(line ?? '').slice(0, 200);
  return { program: command === '' ? 'a command' : command, ...Object.fromEntries(shown) };
}
