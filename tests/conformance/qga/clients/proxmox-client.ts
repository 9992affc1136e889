import { QgaSocket } from '../qga-socket.ts';

/**
 * Behaves as Proxmox VE does on an agent's socket: each command on a connection of its own, in one write with
 * guest-sync-delimited; the answers must come in order, the first after 0xFF, each in one line that ends in "}".
 */
export class ProxmoxClient {
  readonly #path: string;
  #id = process.pid;

  constructor(path: string) {
    this.#path = path;
  }

  /** Runs a command on a new connection, and leaves. */
  async call<T>(execute: string, parameters: object = {}): Promise<T> {
    await using socket = await QgaSocket.open(this.#path);
    const id = ++this.#id;
    const sync = JSON.stringify({ execute: 'guest-sync-delimited', arguments: { id } });
    await socket.write(`${sync}\n${JSON.stringify({ execute, arguments: parameters })}\n`);
    // What an earlier client has left is before the byte.
    let first = await socket.line();
    while (!first.includes('\xff')) first = await socket.line();
    const reply = `${first.slice(first.lastIndexOf('\xff'))}\n${await socket.line()}\n`;
    const [, synchronized = '', line = ''] = /^\xff(\{.*\})\n(\{.*\})\n$/s.exec(reply) ?? [];
    if (line === '') throw new Error(`unexpected reply: ${reply.slice(0, 300)}`);
    if ((JSON.parse(synchronized) as { return: number }).return !== id) throw new Error('got wrong sync id');
    const answer = JSON.parse(Buffer.from(line, 'latin1').toString()) as {
      readonly return?: T;
      readonly error?: { readonly desc: string };
    };
    if (answer.error !== undefined) throw new Error(answer.error.desc);
    return answer.return as T;
  }
}
