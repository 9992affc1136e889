import { openOptions } from '../file/open-options.ts';
import type { Host } from '../host.ts';
import { parseSession } from './parse-session.ts';
import { type Login, parseUsers } from './parse-users.ts';
import { readTrimmed } from './read-trimmed.ts';
import { Remembered } from './remembered.ts';

export interface UsersSample {
  readonly users: readonly Login[];
  /** Number of logins that are not among them. */
  readonly omitted: number;
}

/** Maximum number of logins in a report. */
export const maxLogins = 256;
/** Maximum number of logins that are looked at. */
const maxRead = 16_384;
/** A multiple of the size of every kind of record. */
const pieceBytes = 384 * 50;

const utmp = '/var/run/utmp';
const sessions = '/run/systemd/sessions';

/** Logins from utmp; where it is missing or has none (Debian 13), from logind's sessions. */
export class UserSampler {
  readonly #host: Host;
  readonly #logins: Remembered<readonly Login[]>;
  readonly #sessions: Remembered<readonly Login[]>;

  constructor(host: Host) {
    this.#host = host;
    this.#logins = new Remembered(host.clock);
    this.#sessions = new Remembered(host.clock);
  }

  sample(): UsersSample {
    const inUtmp = this.#readWhenChanged(this.#logins, utmp, () => this.#readUtmp());
    const all =
      inUtmp.length > 0 ? inUtmp : this.#readWhenChanged(this.#sessions, sessions, () => this.#readSessions());
    if (all.length <= maxLogins) return { users: all, omitted: 0 };
    const latest = [...all].sort((a, b) => (a.sinceUnixNs < b.sinceUnixNs ? 1 : -1)).slice(0, maxLogins);
    return { users: latest, omitted: all.length - maxLogins };
  }

  /** Logins change the modification time of the file, or of the folder in which logind replaces files. */
  #readWhenChanged(remembered: Remembered<readonly Login[]>, path: string, read: () => Login[]): readonly Login[] {
    try {
      const { modifiedNs } = this.#host.files.stat(path, true);
      return remembered.get(Number(modifiedNs), read);
    } catch {
      // ENOENT: this guest does not have it.
      return [];
    }
  }

  #readUtmp(): Login[] {
    const { files, system } = this.#host;
    const { machine } = system.uname();
    const file = files.open(utmp, openOptions({ nonBlocking: true }));
    try {
      const piece = new Uint8Array(machine === 'aarch64' ? 400 * 48 : pieceBytes);
      const logins: Login[] = [];
      for (let count = piece.length; count === piece.length && logins.length < maxRead; ) {
        count = files.readNext(file, piece);
        logins.push(...parseUsers(piece.subarray(0, Math.max(count, 0)), machine));
      }
      return logins;
    } finally {
      file.close();
    }
  }

  #readSessions(): Login[] {
    return (
      this.#host.files
        .readDirectory(sessions, maxRead)
        // The others are FIFOs ("2.ref") and temporary files.
        .filter((name) => /^[0-9a-z]+$/i.test(name))
        .map((name) => parseSession(readTrimmed(this.#host, `${sessions}/${name}`) ?? ''))
        .filter((login) => login !== undefined)
    );
  }
}
