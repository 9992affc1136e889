import { OperationError } from '@innkeeper/contract';
import { mib } from '@innkeeper/kit';
import type { WebSocket } from 'ws';
import type { VmApi } from '../ports/node-api.ts';
import { ConsoleInput } from './console-input.ts';
import { type ConsoleViewer, ConsoleWriter } from './console-writer.ts';
import type { Exchange } from './exchange.ts';
import { SocketSends } from './socket-sends.ts';

/** Output that waits for a slow viewer; what comes beyond is not shown, and counted. */
const maxWaitingBytes = mib;

/**
 * A viewer of the serial console: what is kept of the past, then what comes, and, from one viewer at a time, what is typed.
 * `?writer=1` asks to be that one, if nobody is. A guest that floods its
 * console costs a slow viewer a gap, never the daemon its memory. Resolves when the viewer leaves or the VM ends.
 */
export async function serveConsole(socket: WebSocket, exchange: Exchange): Promise<void> {
  const { vm, pass, query, signal } = exchange;
  const console = vm.console();
  const sends = new SocketSends(socket);
  let hiddenBytes = 0;
  const isBehind = (): boolean => sends.isFull || socket.bufferedAmount > maxWaitingBytes;
  const tellHidden = (): void => {
    if (hiddenBytes === 0 || isBehind()) return;
    sends.send(note(`${hiddenBytes} bytes came too fast to be shown`));
    hiddenBytes = 0;
  };
  const show = (bytes: Uint8Array): void => {
    tellHidden();
    if (hiddenBytes > 0 || isBehind()) {
      hiddenBytes += bytes.length;
      return;
    }
    // The bytes belong to whoever reads them from the hypervisor. A flood that stops is told of as well.
    sends.send(Buffer.from(bytes), tellHidden);
  };
  const { head, droppedBytes, tail } = console.history();
  const stopOutput = console.onOutput(show);
  const writer = ConsoleWriter.of(console);
  const viewer: ConsoleViewer = {
    name: pass.caller.name,
    onWriter: (name, you) => socket.send(JSON.stringify({ type: 'writer', name, you })),
  };
  const input = new ConsoleInput(socket, { console, writer, viewer, exchange });
  let leave = (): void => undefined;
  try {
    show(head);
    if (droppedBytes > 0) sends.send(note(`${droppedBytes} bytes are not kept`));
    show(tail);
    leave = writer.join(viewer);
    if (query.get('writer') === '1') writer.claim(viewer);
    socket.on('message', (data: Buffer, isBinary) => input.take(data, isBinary));
    await untilOver(vm, console, signal);
    if (!signal.aborted) socket.close(1000, 'the VM ended');
  } finally {
    pass.note({ typed_bytes: input.typedBytes });
    leave();
    stopOutput();
  }
}

/** Resolves when this console is not the VM's any more or nobody looks. */
function untilOver(vm: VmApi, console: ReturnType<VmApi['console']>, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const finish = (): void => {
      stop();
      signal.removeEventListener('abort', finish);
      resolve();
    };
    const stop = vm.onChange(() => {
      if (currentConsole(vm) !== console) finish();
    });
    signal.addEventListener('abort', finish);
    if (signal.aborted || currentConsole(vm) !== console) finish();
  });
}

function currentConsole(vm: VmApi): ReturnType<VmApi['console']> | undefined {
  try {
    return vm.console();
  } catch (error) {
    // VM_NOT_RUNNING: there is none.
    if (error instanceof OperationError) return undefined;
    throw error;
  }
}

function note(text: string): Buffer {
  return Buffer.from(`\r\n[innkeeper: ${text}]\r\n`);
}
