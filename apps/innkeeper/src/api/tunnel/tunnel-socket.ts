import type { AgentLink } from '@innkeeper/agent-client';
import { OperationError } from '@innkeeper/contract';
import { TunnelServiceLite } from '@innkeeper/contract/agent-lite';
import { linkSignals } from '@innkeeper/kit';
import type { WebSocket } from 'ws';
import type { ApiContext } from '../api-context.ts';
import { SocketSends } from '../socket-sends.ts';
import { ClientInput } from './client-input.ts';
import { type TunnelTarget, tunnelTarget } from './tunnel-target.ts';
import { TunnelWindow } from './tunnel-window.ts';

/**
 * Carries a client's bytes to a port or socket of a guest and back. The messages are documented in
 * docs/protocol/http.md. The tunnel ends with its connection: nothing of it can be resumed.
 */
export async function serveTunnel(socket: WebSocket, context: ApiContext): Promise<void> {
  const over = linkSignals(context.signal);
  const input = new ClientInput(socket, (error) => over.abort(error));
  const target = tunnelTarget(context.query);
  const release = context.tunnels.take(context.vm);
  try {
    const agent = await context.vm.agent({ signal: over.signal });
    await carry(socket, { agent, target, input, context, signal: over.signal });
    socket.close(1000);
  } catch (error) {
    // The client's error or disconnect is the cause; the other error is its consequence.
    throw over.signal.aborted ? over.signal.reason : error;
  } finally {
    release();
    over.unlink();
    context.call.note({ sent_bytes: input.takenBytes });
  }
}

interface Carried {
  readonly agent: AgentLink;
  readonly target: TunnelTarget;
  readonly input: ClientInput;
  readonly context: ApiContext;
  readonly signal: AbortSignal;
}

async function carry(socket: WebSocket, { agent, target, input, context, signal }: Carried): Promise<void> {
  const window = new TunnelWindow();
  const sends = new SocketSends(socket);
  input.onAcknowledged = (bytes) => window.acknowledge(bytes);
  try {
    for await (const { event } of agent.stream(TunnelServiceLite.connect, input.requests(target), { signal })) {
      if (event.case === 'opened') await context.call.begin();
      if (event.case === 'data') {
        if (event.value.length === 0) throw new OperationError('GUEST_MISBEHAVES', 'A tunnel sent empty data.');
        await window.room(signal);
        await sends.room(signal);
        window.sent(event.value.length);
        sends.send(event.value);
      } else if (event.case !== undefined) {
        sends.send(JSON.stringify({ type: event.case }));
      }
    }
  } finally {
    context.call.note({ received_bytes: window.sentBytes });
  }
}
