import { type AgentLink, createAgentLink, openUnixChannel } from '@innkeeper/agent-client';
import type { Channel } from '@innkeeper/kit';
import { Chance } from '../conformance/http-fuzz/chance.ts';

/** Bytes in both directions after which a connection is cut, at most. */
const maxBytes = 3 * 1024 * 1024;
/** Milliseconds after which it is cut at the latest. */
const maxMs = 2000;
/** Cuts after which the link is closed and another one opened, as by a daemon that restarts; later ones would make it wait. */
const cutsOfLink = 7;

/**
 * A link whose connections are cut after a random number of bytes or milliseconds, from a seed: in the middle of frames,
 * of transfers and of what the agent writes.
 */
export class CutLink {
  /** The current link. */
  link: AgentLink;
  /** How many connections were cut. */
  cuts = 0;
  readonly #socket: string;
  readonly #chance: Chance;
  readonly #open = new Set<{ readonly channel: Channel; readonly timer: NodeJS.Timeout }>();
  #isCutting = false;

  constructor(socket: string, seed: number) {
    this.#socket = socket;
    this.#chance = new Chance(seed);
    this.link = this.#newLink();
  }

  startCutting(): void {
    this.#isCutting = true;
    // What was opened without a limit.
    for (const { channel } of this.#open) void channel.close();
  }

  stopCutting(): void {
    this.#isCutting = false;
  }

  async close(): Promise<void> {
    this.#isCutting = false;
    await this.link[Symbol.asyncDispose]();
    for (const { timer } of this.#open) clearTimeout(timer);
  }

  #newLink(): AgentLink {
    return createAgentLink({
      connect: async (signal) => this.#limited(await openUnixChannel(this.#socket, { signal })),
      identity: { vmId: 'soak', vmName: 'soak', nodeVersion: 'test' },
      mayStepClock: false,
      telemetryIntervalMs: 1000,
    });
  }

  #replace(): void {
    const old = this.link;
    this.link = this.#newLink();
    void old[Symbol.asyncDispose]();
  }

  #limited(channel: Channel): Channel {
    let left = this.#chance.below(maxBytes);
    const timer = setTimeout(cut, 20 + this.#chance.below(maxMs), this);
    const entry = { channel, timer };
    this.#open.add(entry);
    function cut(link: CutLink): void {
      if (!link.#isCutting || !link.#open.delete(entry)) return;
      clearTimeout(timer);
      link.cuts++;
      if (link.cuts % cutsOfLink === 0) link.#replace();
      void channel.close();
    }
    return {
      name: channel.name,
      read: async (options) => {
        const bytes = await channel.read(options);
        left -= bytes?.length ?? 0;
        if (left < 0) cut(this);
        return bytes;
      },
      write: async (bytes) => {
        if (this.#isCutting && bytes.length > left) {
          // The peer gets the beginning of the frame alone.
          const beginning = bytes.subarray(0, Math.max(0, left));
          await channel.write(beginning).catch(() => undefined);
          cut(this);
          throw new Error('the connection was cut');
        }
        left -= bytes.length;
        await channel.write(bytes);
      },
      close: () => channel.close(),
      [Symbol.asyncDispose]: () => channel.close(),
    };
  }
}
