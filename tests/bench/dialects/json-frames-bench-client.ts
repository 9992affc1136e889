import type { BenchClient } from './bench-client.ts';
import { FramedSocket } from './framed-socket.ts';

/** With the rest of the JSON, below a frame's mebibyte. */
const pieceBytes = 1000 * 1024;

/** One request at a time, as its hosts send them. A file is appended to, since a frame holds one mebibyte. */
export async function openJsonFramesBench(path: string): Promise<BenchClient> {
  let take: ((body: Buffer) => void) | undefined;
  const socket = await FramedSocket.open(path, (body) => take?.(body));
  const ask = async (request: object): Promise<void> => {
    const answer = new Promise<Buffer>((resolve) => {
      take = resolve;
    });
    socket.write(Buffer.from(JSON.stringify(request)));
    const text = (await answer).toString();
    if (!text.startsWith('{"status":"ok"')) throw new Error(text.slice(0, 500));
  };
  return {
    ping: () => ask({ type: 'health_check' }),
    exec: (command) => ask({ type: 'exec', command, args: [] }),
    upload: async (file, content) => {
      for (let at = 0; at < content.length; at += pieceBytes) {
        const text = content.toString('latin1', at, at + pieceBytes);
        await ask({ type: 'write_file', path: file, content: text, mode: 0o644, append: at > 0 });
      }
    },
    download: undefined,
    [Symbol.asyncDispose]: () => socket[Symbol.asyncDispose](),
  };
}
