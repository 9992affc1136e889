import { OperationError } from '@innkeeper/contract';
import { mib, Notifier } from '@innkeeper/kit';
import type { WebSocket } from 'ws';
import type { VmApi } from '../ports/node-api.ts';
import type { ApiContext } from './api-context.ts';
import { ConsoleInput } from './console-input.ts';
import { type ConsoleViewer, ConsoleWriter } from './console-writer.ts';
import { SocketSends } from './socket-sends.ts';

/** Maximum output that waits for a slow viewer; output beyond it is dropped and counted. */
const maxWaitingBytes = mib;

/**
 * Serves a viewer of the serial console: first the retained output, then new output, and input from one viewer at a time.
 * `?writer=1` asks to become that one if there is none. A guest that floods its console causes a gap for a slow viewer,
 * and does not fill the daemon's memory. Resolves when the viewer disconnects or the VM ends.
 */
export async function serveConsole(socket: WebSocket, context: ApiContext): Promise<void> {
  const { vm, call, query, signal } = context;
  const console = vm.console();
  const sends = new SocketSends(socket);
  let hiddenBytes = 0;
  const isBehind = (): boolean => sends.isFull || socket.bufferedAmount > maxWaitingBytes;
  const tellHidden = (): void => {
    if (hiddenBytes === 0 || isBehind()) return;
    sends.send(note(`${hiddenBytes} bytes were dropped because they came too fast`));
    hiddenBytes = 0;
  };
  const show = (bytes: Uint8Array): void => {
    tellHidden();
    if (hiddenBytes > 0 || isBehind()) {
      hiddenBytes += bytes.length;
      return;
    }
    // Copied, since the reader of the hypervisor reuses the bytes. The end of a flood is reported as well.
    sends.send(Buffer.from(bytes), tellHidden);
  };
  const { head, droppedBytes, tail } = console.history();
  const stopOutput = console.onOutput(show);
  const writer = ConsoleWriter.of(console);
  const viewer: ConsoleViewer = {
    name: call.caller.name,
    onWriter: (name, you) => socket.send(JSON.stringify({ type: 'writer', name, you })),
  };
  const input = new ConsoleInput(socket, { console, writer, viewer, context });
  let leave = (): void => undefined;
  try {
    show(head);
    if (droppedBytes > 0) sends.send(note(`${droppedBytes} earlier bytes were not retained`));
    show(tail);
    leave = writer.join(viewer);
    if (query.get('writer') === '1') writer.claim(viewer);
    socket.on('message', (data: Buffer, isBinary) => input.take(data, isBinary));
    await untilOver(vm, console, signal);
    if (!signal.aborted) socket.close(1000, 'the VM ended');
  } finally {
    call.note({ typed_bytes: input.typedBytes });
    leave();
    stopOutput();
  }
}

/** Resolves when this console no longer belongs to the VM or the viewer disconnected. */
async function untilOver(vm: VmApi, console: ReturnType<VmApi['console']>, signal: AbortSignal): Promise<void> {
  const changes = new Notifier();
  const stop = vm.onChange(() => changes.notify());
  try {
    await changes.until(() => signal.aborted || currentConsole(vm) !== console, signal);
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    stop();
  }
}

function currentConsole(vm: VmApi): ReturnType<VmApi['console']> | undefined {
  try {
    return vm.console();
  } catch (error) {
    // VM_NOT_RUNNING: there is no console.
    if (error instanceof OperationError) return undefined;
    throw error;
  }
}

function note(text: string): Buffer {
  return Buffer.from(`\r\n[innkeeper: ${text}]\r\n`);
}
