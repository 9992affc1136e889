import type { LibvirtClient } from './libvirt-client.ts';

/** What KubeVirt polls, how often at most, and through which commands. */
export const polls = {
  system: {
    everySeconds: 120,
    commands: [
      'guest-get-osinfo',
      'guest-get-host-name',
      'guest-get-timezone',
      'guest-network-get-interfaces',
      'guest-fsfreeze-status',
    ],
  },
  filesystems: { everySeconds: 300, commands: ['guest-get-fsinfo'] },
  users: { everySeconds: 10, commands: ['guest-get-users'] },
  version: { everySeconds: 300, commands: ['guest-info'] },
} as const;

type PollName = keyof typeof polls;

const firstSeconds = 10;
/** An agent that lacks one of them, or has it disabled, is marked "unsupported". */
const required = [
  'guest-ping',
  'guest-get-time',
  'guest-info',
  'guest-shutdown',
  'guest-network-get-interfaces',
  'guest-get-fsinfo',
  'guest-get-host-name',
  'guest-get-users',
  'guest-get-timezone',
  'guest-get-osinfo',
];
const forKeys = ['guest-ssh-get-authorized-keys', 'guest-ssh-add-authorized-keys', 'guest-ssh-remove-authorized-keys'];
const forPasswords = ['guest-set-user-password'];

interface Info {
  readonly version: string;
  readonly supported_commands: readonly { readonly name: string; readonly enabled: boolean }[];
}

/** A guest as KubeVirt describes it, from the last answers. */
export interface GuestDescription {
  /** Commands that are missing or disabled; empty: the agent is supported. */
  readonly missing: readonly string[];
  readonly version: string;
  readonly hostname: string;
  readonly system: string;
  readonly zone: string;
  readonly isFrozen: boolean;
  readonly users: readonly string[];
  readonly interfaces: readonly { readonly name: string; readonly addresses: readonly string[] }[];
  readonly filesystems: readonly { readonly mountPoint: string; readonly totalBytes: number }[];
}

/**
 * When what is polled until then: each begins after ten seconds and doubles its interval up to its own. Times are
 * seconds after the agent was connected; nothing is waited for.
 */
export function schedule(untilSeconds: number): readonly { readonly atSeconds: number; readonly name: PollName }[] {
  const all = (Object.keys(polls) as PollName[]).flatMap((name) => {
    const times: { atSeconds: number; name: PollName }[] = [];
    let interval = Math.min(firstSeconds, polls[name].everySeconds);
    for (let at = interval; at <= untilSeconds; at += interval) {
      times.push({ atSeconds: at, name });
      interval = Math.min(interval * 2, polls[name].everySeconds);
    }
    return times;
  });
  return all.sort((a, b) => a.atSeconds - b.atSeconds);
}

/** Polls as KubeVirt does, through libvirt, and keeps what it learns. */
export class KubeVirtPoller {
  readonly #client: LibvirtClient;
  readonly #answers = new Map<string, unknown>();
  #isSuspended = false;
  asked = 0;

  constructor(client: LibvirtClient) {
    this.#client = client;
  }

  /** A suspended guest is not polled. */
  suspend(): void {
    this.#isSuspended = true;
  }

  /** A command that the guest has disabled keeps its last answer, as in KubeVirt. */
  async poll(name: PollName): Promise<void> {
    if (this.#isSuspended) return;
    for (const command of polls[name].commands) {
      this.asked++;
      try {
        this.#answers.set(command, await this.#client.call(command));
      } catch (error) {
        if (!String(error).includes('unsupported')) throw error;
      }
    }
  }

  /** Strict, as the reader of libvirt: a member that must be there and is not is an error. */
  describe(): GuestDescription {
    const info = this.#answers.get('guest-info') as Info;
    const enabled = info.supported_commands.filter((each) => each.enabled).map((each) => each.name);
    const host = this.#members('guest-get-host-name');
    const system = this.#members('guest-get-osinfo');
    return {
      missing: [...required, ...forKeys, ...forPasswords].filter((command) => !enabled.includes(command)),
      version: info.version,
      hostname: textOf(host, 'host-name'),
      system: textOf(system, 'kernel-release'),
      zone: String(this.#members('guest-get-timezone')['offset']),
      isFrozen: this.#answers.get('guest-fsfreeze-status') === 'frozen',
      users: this.#rows('guest-get-users').map((row) => textOf(row, 'user')),
      interfaces: this.#rows('guest-network-get-interfaces').map((row) => ({
        name: textOf(row, 'name'),
        addresses: ((row['ip-addresses'] as Record<string, unknown>[] | undefined) ?? []).map((address) => {
          if (typeof address['prefix'] !== 'number') throw new Error('An address has no prefix.');
          return textOf(address, 'ip-address');
        }),
      })),
      filesystems: this.#rows('guest-get-fsinfo').map((row) => {
        for (const disk of row['disk'] as Record<string, unknown>[]) {
          const controller = disk['pci-controller'] as Record<string, unknown>;
          for (const member of ['domain', 'bus', 'slot', 'function'])
            if (typeof controller[member] !== 'number') throw new Error(`pci-controller has no ${member}.`);
        }
        return { mountPoint: textOf(row, 'mountpoint'), totalBytes: Number(row['total-bytes'] ?? 0) };
      }),
    };
  }

  #members(command: string): Record<string, unknown> {
    return (this.#answers.get(command) ?? {}) as Record<string, unknown>;
  }

  #rows(command: string): Record<string, unknown>[] {
    const rows = this.#answers.get(command) ?? [];
    if (!Array.isArray(rows)) throw new Error(`${command} is not a list.`);
    return rows as Record<string, unknown>[];
  }
}

function textOf(row: Record<string, unknown>, name: string): string {
  const value = row[name];
  if (typeof value !== 'string') throw new Error(`${name} is missing or not a text.`);
  return value;
}
