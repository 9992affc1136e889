import type { AuditEntry } from '@innkeeper/contract/control';

type Told = Pick<AuditEntry, 'action' | 'vmName' | 'parameters' | 'result'>;
/** The words after the user: "stopped {vm}". Names in braces are parameters, and `vm` is the VM. */
const sentences: Readonly<Record<string, string>> = {
  login: 'logged in',
  'login.link': 'logged in by a link',
  logout: 'logged out',
  'audit.export': 'exported the audit log',
  'guest.exec': 'ran {program} on {vm}',
  'guest.terminal': 'used a terminal of {vm}',
  'vm.console': 'opened the console of {vm}',
  'guest.file.read': 'read {path} on {vm}',
  'guest.file.stat': 'looked at {path} on {vm}',
  'guest.file.write': 'wrote {path} on {vm}',
  'guest.tar.read': 'downloaded the folder {path} of {vm}',
  'guest.tar.write': 'unpacked an archive into {path} on {vm}',
  'guest.report': 'reported the address of {vm}',
  'guest.file.discard': 'discarded an upload to {path} on {vm}',
  'image.upload': 'uploaded a part of an image',
  'image.upload-discard': 'discarded the upload of an image',
  'run.output': 'read the output of a run on {vm}',
  'run.end': 'had a run end on {vm}',
  'FileService/List': 'listed {path} on {vm}',
  'FileService/GetUpload': 'asked for an upload to {path} on {vm}',
  'FileService/MakeDirectory': 'created the folder {path} on {vm}',
  'FileService/Rename': 'renamed {path} on {vm}',
  'FileService/Remove': 'deleted {path} on {vm}',
  'FileService/SetMode': 'changed the mode of {path} on {vm}',
  'FileService/SetOwner': 'changed the owner of {path} on {vm}',
  'GuestProcessService/List': 'listed the processes of {vm}',
  'GuestProcessService/Signal': 'sent signal {signal} to process {pid} on {vm}',
  'ProcessService/Signal': 'sent a signal to a command on {vm}',
  'PowerService/Shutdown': 'shut {vm} down from inside',
  'VmService/CreateVm': 'created the VM {name} from {image}',
  'VmService/UpdateVm': 'changed the settings of {vm}',
  'VmService/StartVm': 'started {vm}',
  'VmService/StopVm': 'stopped {vm}',
  'VmService/KillVm': 'killed {vm}',
  'VmService/DeleteVm': 'deleted {vm}',
  'VmService/Diagnose': 'ran the doctor on {vm}',
  'TerminalService/CreateTerminal': 'opened a terminal on {vm}',
  'TerminalService/CloseTerminal': 'closed a terminal of {vm}',
  'TerminalService/ListTerminals': 'listed the terminals of {vm}',
  'RunService/StartRun': 'started a run',
  'RunService/CancelRun': 'cancelled a run',
  'RunService/WatchRun': 'watched a run',
  'ImageService/AddImage': 'added the image {name}',
  'ImageService/BuildImage': 'built the image {kind}',
  'ImageService/RemoveImage': 'removed the image {name}',
  'OperationService/CancelOperation': 'cancelled an operation',
  'AccessService/ChangePassword': 'changed their password',
  'AccessService/CreateToken': 'created the token {name}',
  'AccessService/RevokeToken': 'revoked a token',
  'AccessService/CreateLoginLink': 'created a login link for {user}',
  'AccessService/CreateUser': 'created the user {name}',
  'AccessService/UpdateUser': 'changed the user {name}',
  'AccessService/DeleteUser': 'deleted the user {name}',
  'AccessService/SetRole': 'changed the role {name}',
  'AccessService/DeleteRole': 'deleted the role {name}',
};

/** What was done, as the rest of a sentence that begins with the user; for an unknown action, the action itself. */
export function auditSentence({ action, vmName, parameters, result }: Told): string {
  const form = sentences[action];
  if (form === undefined) return vmName === '' ? action : `${action} on ${vmName}`;
  const known = parametersOf(parameters);
  const text = form
    .replaceAll(/ (on|of|from|to|for|into) \{(\w+)\}/g, (_, word: string, name: string) => {
      const value = name === 'vm' ? vmName : known[name];
      return value === undefined || value === '' ? '' : ` ${word} ${value}`;
    })
    .replaceAll(/ ?\{(\w+)\}/g, (_, name: string) => {
      const value = name === 'vm' ? vmName : known[name];
      return value === undefined || value === '' ? '' : ` ${value}`;
    });
  return result === 'ok' ? text : `tried, and failed: ${text}`;
}

/** Entries that only look at something; several of a kind in a row are one line. */
const looking =
  /^(FileService\/(List|GetUpload)|guest\.file\.stat|GuestProcessService\/List|VmService\/Diagnose|TerminalService\/ListTerminals|TelemetryService\/|RunService\/WatchRun|image\.upload)/;
/** Entries further apart are not one line. */
const sameNs = 15n * 60n * 1_000_000_000n;

export interface AuditGroup {
  /** The newest first. */
  readonly entries: readonly AuditEntry[];
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

/** The strings and numbers of the parameters, and the program of a command. */
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
  return Object.fromEntries(shown);
}
