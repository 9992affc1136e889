import { spawnSync } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { type InnOptions, spawnInn } from './inn.ts';

/** Compiles the program that connects to vsock inside a guest. Returns its path, or why it cannot be compiled. */
export function compileVsockPipe(folder: string): { readonly path: string } | { readonly why: string } {
  const path = join(folder, 'vsock-pipe');
  const source = join(import.meta.dirname, 'vsock-pipe.c');
  const headers = [
    '-idirafter',
    '/usr/include',
    '-idirafter',
    `/usr/include/${process.arch === 'arm64' ? 'aarch64' : 'x86_64'}-linux-gnu`,
  ];
  const result = spawnSync('musl-gcc', ['-O1', '-static', ...headers, '-o', path, source], { encoding: 'utf8' });
  return result.status === 0 ? { path } : { why: `vsock-pipe.c does not compile: ${result.stderr || result.error}` };
}

/** A unix socket of this machine; each connection to it is one to a port of vsock, made by a program inside the guest. */
export class VsockBridge implements AsyncDisposable {
  readonly path: string;
  readonly #server: Server;
  readonly #ends = new Set<() => void>();

  /** @param command the program in the guest with its arguments */
  constructor(path: string, vm: string, command: readonly string[], options: InnOptions) {
    this.path = path;
    this.#server = createServer({ allowHalfOpen: true }, (socket) => {
      const child = spawnInn(['exec', vm, '--', ...command], options);
      const end = (): void => {
        child.kill('SIGKILL');
        socket.destroy();
        this.#ends.delete(end);
      };
      this.#ends.add(end);
      child.stdin.on('error', () => undefined);
      socket.on('error', () => undefined);
      socket.pipe(child.stdin);
      child.stdout.pipe(socket);
      child.once('close', end);
      socket.once('close', end);
    });
  }

  async listen(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(this.path, resolve));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const end of this.#ends) end();
    await new Promise((resolve) => this.#server.close(resolve));
    await rm(this.path, { force: true });
  }
}
