import type { Channel } from '@innkeeper/kit';
import type { Agent } from '../../../agent.ts';
import { createChannelPair } from '../../../fake/channel-pair.ts';

/** A client of QGA in memory, which writes bytes and reads lines, as those of libvirt and Proxmox do. */
export class QgaPeer implements AsyncDisposable {
  readonly #channel: Channel;
  readonly #controller = new AbortController();
  readonly #served: Promise<void>;
  /** What was read and not yet taken, one character a byte. */
  received = '';

  constructor(agent: Agent) {
    const [ours, theirs] = createChannelPair();
    this.#channel = ours;
    this.#served = agent.serveChannel(theirs, 'qga', this.#controller.signal).finally(() => theirs.close());
  }

  /** Writes text, one byte a character. */
  async write(text: string): Promise<void> {
    await this.#channel.write(Uint8Array.from(text, (char) => char.charCodeAt(0)));
  }

  /** The next line without its line break. */
  async line(): Promise<string> {
    for (;;) {
      const end = this.received.indexOf('\n');
      if (end >= 0) {
        const line = this.received.slice(0, end);
        this.received = this.received.slice(end + 1);
        return line;
      }
      const bytes = await this.#channel.read();
      if (bytes === undefined) throw new Error(`The agent has left after: ${this.received.slice(0, 200)}`);
      for (let at = 0; at < bytes.length; at += 4096)
        this.received += String.fromCharCode(...bytes.subarray(at, at + 4096));
    }
  }

  /** Writes a request and reads a line. */
  async ask(text: string): Promise<string> {
    await this.write(`${text}\n`);
    return await this.line();
  }

  /** Calls a command; the text of its result, or of its error. */
  async call(execute: string, parameters?: object): Promise<string> {
    return await this.ask(JSON.stringify({ execute, arguments: parameters }));
  }

  /** The peer leaves, as far as the agent can see. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#controller.abort('left');
    await this.#channel.close();
    await this.#served;
  }
}
