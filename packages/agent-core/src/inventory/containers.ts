import type { MessageInitShape } from '@bufbuild/protobuf';
import type { ContainerRuntimeSchema, ContainerSchema } from '@innkeeper/contract/agent';
import { errorMessage, withDeadline } from '@innkeeper/kit';
import type { Host } from '../host.ts';
import { isHostError } from '../host-error.ts';

type Runtime = MessageInitShape<typeof ContainerRuntimeSchema>;

const maxContainers = 200;
const maxAnswerBytes = 512 * 1024;
const answerMs = 10_000;
const maxFieldChars = 200;
/** Podman answers at its socket as Docker does. */
const sockets = { docker: ['/run/docker.sock', '/var/run/docker.sock'], podman: ['/run/podman/podman.sock'] } as const;
const request = `GET /containers/json?all=true&limit=${maxContainers} HTTP/1.0\r\nHost: localhost\r\n\r\n`;

/** The containers of each runtime, or why they are not known. */
export function listContainers(host: Host, signal: AbortSignal): Promise<Runtime[]> {
  return Promise.all(
    Object.entries(sockets).map(async ([name, paths]): Promise<Runtime> => {
      let missing = `no socket at ${paths[0]}`;
      for (const path of paths) {
        try {
          host.files.stat(path, true);
        } catch {
          // ENOENT: it is not installed, or not started.
          continue;
        }
        try {
          const containers = await ask(host, path, signal);
          return { name, containers, more: containers.length >= maxContainers };
        } catch (error) {
          signal.throwIfAborted();
          missing = `${path}: ${isHostError(error) ? error.errno : errorMessage(error)}`.slice(0, maxFieldChars);
        }
      }
      return { name, missing };
    }),
  );
}

async function ask(host: Host, path: string, signal: AbortSignal): Promise<MessageInitShape<typeof ContainerSchema>[]> {
  const late = (): Error => new Error('no answer within 10 s');
  const answer = await withDeadline({ timers: host.clock, timeoutMs: answerMs, signal, late }, (ending) =>
    exchange(host, path, ending),
  );
  const end = answer.indexOf('\r\n\r\n');
  const status = /^HTTP\/1\.\d (\d{3})/.exec(answer)?.[1];
  if (status !== '200' || end < 0) throw new Error(`HTTP status ${status ?? 'unknown'}`);
  const rows: unknown = JSON.parse(answer.slice(end + 4));
  if (!Array.isArray(rows)) throw new Error('its answer is not a list');
  return rows.slice(0, maxContainers).map(containerOf);
}

async function exchange(host: Host, path: string, signal: AbortSignal): Promise<string> {
  const connection = await host.network.connect({ path }, signal);
  const close = (): void => connection.close();
  signal.addEventListener('abort', close);
  try {
    // Fits into the buffer of a socket that was just connected.
    connection.write(new TextEncoder().encode(request));
    const into = new Uint8Array(16 * 1024);
    const bytes: Uint8Array[] = [];
    let size = 0;
    for (;;) {
      await connection.readable();
      signal.throwIfAborted();
      const count = connection.read(into);
      if (count === undefined) break;
      size += count;
      if (size > maxAnswerBytes) throw new Error(`its answer has more than ${maxAnswerBytes} bytes`);
      bytes.push(into.slice(0, count));
    }
    const whole = new Uint8Array(size);
    let at = 0;
    for (const piece of bytes) {
      whole.set(piece, at);
      at += piece.length;
    }
    return new TextDecoder().decode(whole);
  } finally {
    signal.removeEventListener('abort', close);
    connection.close();
  }
}

function containerOf(row: unknown): MessageInitShape<typeof ContainerSchema> {
  const { Id, Names, Image, State, Status, Created } = (row ?? {}) as Record<string, unknown>;
  const created = Number(Created);
  return {
    id: textOf(Id).slice(0, 64),
    name: textOf(Array.isArray(Names) ? (Names as unknown[])[0] : Names).replace(/^\//, ''),
    image: textOf(Image),
    state: textOf(State),
    status: textOf(Status),
    ...(Number.isSafeInteger(created) && created > 0 ? { createdUnixNs: BigInt(created) * 1_000_000_000n } : {}),
  };
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value.slice(0, maxFieldChars) : '';
}
