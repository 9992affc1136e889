import type { Host } from '../host.ts';
import { parseGroups, parsePasswd } from '../process/parse-accounts.ts';
import { readTrimmed } from '../telemetry/read-trimmed.ts';

const maxAccountBytes = 1024 * 1024;
/** useradd(8) allows 32; a longer one is shown as its number. */
const maxNameChars = 256;

/** Names of users and groups from the guest's account files; read once per answer. */
export class AccountNames {
  readonly #users: ReadonlyMap<number, string>;
  readonly #groups: ReadonlyMap<number, string>;

  constructor(host: Host) {
    const accounts = parsePasswd(readTrimmed(host, '/etc/passwd', maxAccountBytes) ?? '');
    const groups = parseGroups(readTrimmed(host, '/etc/group', maxAccountBytes) ?? '');
    // If a number has several names, libc returns the first.
    this.#users = new Map(accounts.toReversed().map(({ uid, name }) => [uid, name]));
    this.#groups = new Map(groups.toReversed().map(({ gid, name }) => [gid, name]));
  }

  /** Empty if there is none. */
  user(uid: number): string {
    return bounded(this.#users.get(uid));
  }

  group(gid: number): string {
    return bounded(this.#groups.get(gid));
  }
}

function bounded(name = ''): string {
  return name.length <= maxNameChars ? name : '';
}
